# SPDX-License-Identifier: GPL-2.0
#
# The demo's plot: on the left the servers with 2 MiB a request, on the right those with 64 MiB; from
# the top faults of either server, system CPU, resident memory.  Called by plot.
set terminal svg size 1500, 1050 dynamic background "white" font "DejaVu Sans,13" enhanced
set multiplot

# Okabe and Ito's colours, told apart by the colour-blind too.
blue = "#0072B2"; orange = "#E69F00"; green = "#009E73"; red = "#D55E00"
left = 0.062; right = 0.988; gap = 0.065
middle = left + (right - left - gap) * (1 - share)
top = 0.80; bottom = 0.055; between = 0.022
height = (top - bottom - 3 * between) / 4
upper(row) = top - row * (height + between)

set tics out nomirror
set grid ytics lc rgb "#dddddd" lw 1 dt 1
set border 3 lc rgb "#555555"
set style fill solid 0.75 noborder
set xtics 10
set key noenhanced

set label 10 "weir: malloc thresholds turned while the servers run" at screen left, screen 0.977 font ",18"
set label 11 "minor page faults, system CPU and resident memory of never restarted processes; the marks are the admin's commands" \
	at screen left, screen 0.952 font ",12" tc rgb "#555555"

do for [side = 0:1] {
	name = side ? "large" : "small"
	one = side ? "W" : "A"
	two = side ? "H" : "B"
	set lmargin at screen (side ? middle + gap : left)
	set rmargin at screen (side ? right : middle)
	if (side) { set xrange [split:end + 0.5] } else { set xrange [begin - 0.5:split] }
	set yrange [0:*]
	set format x ""
	unset xlabel

	# ---- faults of the first server
	set tmargin at screen upper(0)
	set bmargin at screen upper(0) - height
	load work."/".name.".lines"
	load work."/".name.".labels"
	set ylabel "faults/s" offset 1
	set format y "%'.0f"
	set key inside right center opaque samplen 2 width 1
	set yrange [0:(side ? 40000 : 900)]
	plot work."/".one using 1:2 with filledcurves y1=0 lc rgb blue title one." (weir): mmap", \
		'' using 1:2:3 with filledcurves lc rgb orange title one." (weir): heap"
	unset label

	# ---- of the second
	set tmargin at screen upper(1)
	set bmargin at screen upper(1) - height
	if (side) {
		plot work."/H" using 1:4 with filledcurves y1=0 lc rgb green title "H (glibc): all"
	} else {
		plot work."/B" using 1:2 with filledcurves y1=0 lc rgb blue title "B (weir): mmap", \
			'' using 1:2:3 with filledcurves lc rgb orange title "B (weir): heap", \
			work."/G" using 1:4 with filledcurves y1=0 lc rgb green title "G (glibc): all"
	}

	# ---- system CPU
	set tmargin at screen upper(2)
	set bmargin at screen upper(2) - height
	set ylabel "system CPU, %"
	set yrange [0:*]
	set key inside right top
	if (side) {
		plot work."/W" using 1:5 with lines lw 2.5 lc rgb blue title "W (weir)", \
			work."/H" using 1:5 with lines lw 2.5 dt 2 lc rgb green title "H (glibc)"
	} else {
		plot work."/A" using 1:5 with lines lw 2.5 lc rgb blue title "A (weir)", \
			work."/B" using 1:5 with lines lw 2.5 dt 3 lc rgb red title "B (weir)", \
			work."/G" using 1:5 with lines lw 2.5 dt 2 lc rgb green title "G (glibc)"
	}

	# ---- resident memory
	set tmargin at screen upper(3)
	set bmargin at screen upper(3) - height
	set ylabel "resident, MiB"
	set xlabel (side ? "seconds (64 MiB a request, all 16,384 pages touched)" : "seconds (2 MiB a request, 6 pages touched)")
	set format x "%g"
	if (side) { set yrange [0:90]; set format y "%g" } else { set yrange [1.2:1.7]; set format y "%.1f" }
	if (side) {
		plot work."/W" using 1:6 with lines lw 2.5 lc rgb blue title "W (weir)", \
			work."/H" using 1:6 with lines lw 2.5 dt 2 lc rgb green title "H (glibc)"
	} else {
		plot work."/A" using 1:6 with lines lw 2.5 lc rgb blue title "A (weir)", \
			work."/B" using 1:6 with lines lw 2.5 dt 3 lc rgb red title "B (weir)", \
			work."/G" using 1:6 with lines lw 2.5 dt 2 lc rgb green title "G (glibc)"
	}
	unset arrow
}
unset multiplot
