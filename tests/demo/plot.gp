# SPDX-License-Identifier: GPL-2.0
#
# The demo's plot: on the left the servers with 2 MiB a request, on the right those with 64 MiB; from
# the top the faults of either server, system CPU, resident memory.  Called by plot.
set terminal svg size 1500, 1100 dynamic background "white" font "DejaVu Sans,13" enhanced
set multiplot

# Okabe and Ito's colours, told apart by the colour-blind too.
blue = "#0072B2"; orange = "#E69F00"; green = "#009E73"; red = "#D55E00"
left = 0.066; right = 0.935; gap = 0.078
middle = left + (right - left - gap) * (1 - share)
top = 0.775; bottom = 0.075; between = 0.042
height = (top - bottom - 3 * between) / 4
upper(row) = top - row * (height + between)

# place ROW TITLE: the panel's lines on the screen and what stands above it.
place = 'set tmargin at screen upper(row); set bmargin at screen upper(row) - height; \
	set label 1 title at graph 0, graph 1.10 font ",13"'

set tics out nomirror
set grid ytics lc rgb "#dddddd" lw 1 dt 1
set border 3 lc rgb "#555555"
set style fill solid 0.8 noborder
set xtics 10
set key noenhanced horizontal right at graph 1, graph 1.11 samplen 1.5 width 0

set label 10 "weir: malloc thresholds turned while the servers run" at screen left, screen 0.977 font ",19"
set label 11 "No process was restarted. Lines mark the admin's commands. Counted in an emulated machine." \
	at screen left, screen 0.953 font ",12" tc rgb "#555555"

do for [side = 0:1] {
	name = side ? "large" : "small"
	set lmargin at screen (side ? middle + gap : left)
	set rmargin at screen (side ? right : middle)
	if (side) { set xrange [split:end + 0.5] } else { set xrange [begin - 0.5:split] }
	set format x ""
	unset xlabel
	load work."/".name.".lines"

	# ---- faults of the first server
	row = 0; title = side ? "W: weir" : "A: weir"
	eval place
	load work."/".name.".labels"
	set ylabel "minor faults/s" offset (side ? 0 : -1)
	set format y "%.0f"
	set yrange [0:(side ? most_large : most_small)]
	plot work.(side ? "/W" : "/A") using 1:2 with filledcurves y1=0 lc rgb blue title "mmap", \
		'' using 1:2:3 with filledcurves lc rgb orange title "heap"
	unset label
	unset arrow
	load work."/".name.".lines"

	# ---- of the second
	row = 1; title = side ? "H: glibc, its defaults" : "B: weir; then G: glibc, 128K"
	eval place
	if (side) {
		plot work."/H" using 1:4 with filledcurves y1=0 lc rgb green title "all"
	} else {
		plot work."/B" using 1:2 with filledcurves y1=0 lc rgb blue title "B: mmap", \
			'' using 1:2:3 with filledcurves lc rgb orange title "B: heap", \
			work."/G" using 1:4 with filledcurves y1=0 lc rgb green title "G: all"
	}

	# ---- system CPU, resident memory: columns 5 and 6
	set autoscale y
	set ytics auto
	do for [column = 5:6] {
		row = column - 3
		title = column == 5 ? "System CPU" : "Resident between requests"
		eval place
		set ylabel column == 5 ? "% of a CPU" : "MiB"
		if (column == 5 || side) { set yrange [0:*]; set offsets 0, 0, graph 0.1, 0
		} else { set autoscale y; set offsets 0, 0, graph 0.15, graph 0.15 }
		set format y column == 5 || side ? "%.0f" : "%.2f"
		if (column == 6) {
			set format x "%g"
			set xlabel side ? "seconds; 64 MiB a request, all 16,384 pages touched" : \
				"seconds; 2 MiB a request, 6 pages touched"
		}
		if (side) {
			plot work."/W" using 1:column with lines lw 2.5 lc rgb blue title "W: weir", \
				work."/H" using 1:column with lines lw 2.5 dt 2 lc rgb green title "H: glibc"
		} else {
			plot work."/A" using 1:column with lines lw 2.5 lc rgb blue title "A: weir", \
				work."/B" using 1:column with lines lw 2.5 dt 3 lc rgb red title "B: weir", \
				work."/G" using 1:column with lines lw 2.5 dt 2 lc rgb green title "G: glibc"
		}
	}
	unset arrow
	set offsets
}
unset multiplot
