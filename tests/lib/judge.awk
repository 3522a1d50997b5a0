# SPDX-License-Identifier: GPL-2.0
#
# Reads what tests/lib/execute prints, shows it, and appends to the file named by RESULTS one line for
# each program that ended: `PROGRAM PASSED FAILED SKIPPED'.  What failed goes to the file FAILURES.  KERNEL is
# shown with it.

function short(path) {
	sub("^" TOP "/", "", path)
	sub("^build/tests/", "tests/", path)
	return path
}

function note(what) {
	failed++
	print "# FAILED: " short(program) ": " what
	print (KERNEL ? KERNEL ": " : "") short(program) ": " what >>FAILURES
}

function begin(path) {
	program = path
	passed = failed = skipped = points = 0
	plan = -1
	all_skipped = 0
	print "# ---- " short(program)
}

# A program that says less than it planned, or ends otherwise than it says, has failed.
function end(status, seconds,    before) {
	before = failed
	if (status == 124)
		note("time limit reached after " points " tests")
	else if (all_skipped && status == 4)
		skipped++
	else if (plan < 0)
		note("no plan; ended with status " status " after " points " tests")
	else if (points != plan)
		note("planned " plan " tests, ran " points ", ended with status " status)
	else if (points == 0)
		note("ran no test")
	else if (status != 0 && !failed && !(status == 4 && skipped))
		note("every test passed, but it ended with status " status)
	print "# ---- " short(program) ": " passed " passed, " failed " failed, " skipped " skipped, " \
		seconds " s"
	print program, passed, failed, skipped >>RESULTS
	program = ""
}

/^@@begin / { held = 0; begin($2); fflush(); next }
/^@@end /   { held = 0; end($2, $3); fflush(); next }

# A marker begins a line of its own: the line break before it is not the program's.
held        { print ""; held = 0 }
/^$/        { held = 1; next }
            { print; fflush() }

!program    { next }
/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	all_skipped = plan == 0 && /# SKIP/
}
/^ok /      { points++; if (/# SKIP/) skipped++; else passed++ }
/^not ok /  {
	points++
	if (/# SKIP/)
		skipped++
	else
		note($0)
}

END {
	if (program)
		print program >RUNNING
}
