#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ruby's own tests, by the installed ruby: each test passes, fails or is skipped as it does plainly.
. "$(dirname "$0")/lib.bash"
settings=("${few[@]}")
ruby=/usr/bin/ruby
tests=(backtrace enum enumerator env lambda lazy_enumerator m17n marshal objectspace pack proc rand regexp sprintf string
	struct symbol thread_queue transcode unicode_escape weakmap)
# The machine may be busy.
export RUBY_TEST_TIMEOUT_SCALE=30
unset RUBYOPT RUBYLIB GEM_HOME

version $ruby -v
[ -e "$sources/ruby" ] || echo '# tests/setup/sources fetches its tests'

cp -r "$sources/ruby" "$tmp/ruby"
mapfile -t files < <(cd "$tmp/ruby" && if [ -n "$long" ]; then
	find test/ruby -name 'test_*.rb' | sort
else
	printf 'test/ruby/test_%s.rb\n' "${tests[@]}"
fi)

# Names of tests with what became of them.
tested() {
	cd "$tmp/ruby" || return
	$ruby --disable=gems -I tool/lib test/runner.rb --ruby=$ruby --seed=1 -v "${files[@]}" >"$tmp/out" 2>&1
	sed -nE 's/^\[ *[0-9]+\/[0-9]+\] ([^ ]+) =.*/\1/p' "$tmp/out" | sort
	sed -nE '/^ *[0-9]+\) (Failure|Error|Skipped):$/ { N; s/^ *[0-9]+\) (.*)\n([^ :]*).*/\1 \2/p }' "$tmp/out" | sort
	sed -nE 's/^([0-9]+ tests, )[0-9]+ assertions, /\1/p' "$tmp/out"
	at_least 1000 "$(grep -cE '^\[ *[0-9]+/' "$tmp/out")" tests
}

mapped() {
	$ruby -e 'puts File.read("/proc/self/maps")' >"$tmp/maps" || return
	preloaded ruby <"$tmp/maps"
}

both 'ruby' mapped
both "ruby's own tests" tested
finish
