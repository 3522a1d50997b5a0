#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Perl: hashes, strings, sorting, regular expressions, fork.
. "$(dirname "$0")/lib.bash"
export PERL_HASH_SEED=0
version perl -e 'print "perl $^V\n"'

juggled() {
	perl -MDigest::SHA=sha256_hex -MStorable=dclone -e '
		my (%h, @a, $s);
		for my $i (1 .. 200000) { $h{"key " . $i * 7919 % 100003} .= "$i,"; }
		@a = sort { length $h{$a} <=> length $h{$b} || $a cmp $b } keys %h;
		$s = join ";", map { "$_=$h{$_}" } @a;
		$s =~ s/(\d+),(\d+)/$2+$1/g for 1 .. 3;
		my $copy = dclone(\%h);
		delete @h{@a[0 .. @a / 2]};
		print sha256_hex($s), " ", scalar(keys %h), " ", scalar(keys %$copy), "\n";
		for (1 .. 8) {
			my $pid = fork();
			if (!$pid) { my @x = map { "x" x ($_ % 500) } 1 .. 20000; exit(@x == 20000 ? 0 : 1); }
			waitpid($pid, 0);
			print "$?\n";
		}'
}

both 'hashes, strings and forks' juggled
finish
