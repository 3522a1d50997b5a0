#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Perl's own tests, by the installed perl: each file of tests passes, fails or is skipped as it does plainly.
. "$(dirname "$0")/lib.bash"
settings=("${few[@]}")
perl=/usr/bin/perl
tests=(base/*.t cmd/*.t mro/*.t opbasic/*.t op/{array,closure,each,fork,grep,hash,heredoc,join,lc,list,local,lvref,pack,push}.t
	op/{reverse,signatures,sort,splice,split,sprintf2,sub,substr,svleak,threads,tie*,tr,utf8decode,utfhash,vec}.t
	re/{pat,reg_mesg,regexp,subst,reg_nc_tie,qr_gc}.t uni/{parser,sprintf,lower}.t)
unset PERL5LIB PERL5OPT PERL_UNICODE

[ -e "$sources/perl" ] || echo '# tests/setup/sources fetches its tests'
version $perl -e 'print "perl $^V\n"'

# The tests expect a perl that has just been built: lib/ beside them, perl above them.
mkdir "$tmp/perl" "$tmp/perl/lib"
cp -r "$sources/perl/." "$tmp/perl"
ln -s $perl "$tmp/perl/perl"
ln -s $perl "$tmp/perl/t/perl"
for i in $($perl -e 'print "@INC"'); do
	[ ! -d "$i" ] || cp -rsn "$i/." "$tmp/perl/lib" 2>/dev/null
done
# Tables for these are made in the build.
[ -z "$long" ] || tests=({base,cmd,comp,io,mro,op,opbasic,re,uni}/*.t)
mapfile -t tests < <(cd "$tmp/perl/t" && printf '%s\n' ${tests[*]} | grep -v uniprops)

tested() {
	cd "$tmp/perl/t" || return
	HARNESS_OPTIONS=j2 ./perl -I../lib harness "${tests[@]}" >"$tmp/out" 2>&1
	sed 's/ wallclock.*//; s/, [0-9]*$//' "$tmp/out" | sort
	at_least 20000 "$(sed -nE 's/^Files=.*Tests=([0-9]+).*/\1/p' "$tmp/out")" tests
}

mapped() {
	$perl -e 'open F, "/proc/self/maps"; print <F>' >"$tmp/maps" || return
	preloaded perl <"$tmp/maps"
}

both 'perl' mapped
both "perl's own tests" tested
finish
