#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# gcc and g++ make the same code of large sources.
. "$(dirname "$0")/lib.bash"
settings=('' 'mmap_max=0,trim_threshold=-1')

version gcc --version
awk -v functions="${long:+3000}" 'BEGIN {
	functions += functions ? 0 : 350
	print "#include <stdio.h>\n#include <string.h>"
	for (i = 0; i < functions; i++) {
		printf "struct s%d { int a[%d]; char *b; struct s%d *next; };\n", i, i % 30 + 1, i
		printf "static int f%d(struct s%d *s, int n)\n{\n\tint sum = %d;\n", i, i, i
		printf "\tfor (int i = 0; i < n; i++) {\n\t\tsum += s->a[i %% %d] * i;\n", i % 30 + 1
		printf "\t\tif (sum & %d)\n\t\t\tsum ^= (int)strlen(s->b);\n\t\telse if (s->next)\n\t\t\ts = s->next;\n\t\tswitch (sum & 7) {\n", i
		for (j = 0; j < 6; j++)
			printf "\t\tcase %d: sum += %d; break;\n", j, i * j
		printf "\t\t}\n\t}\n\treturn sum;\n}\n"
	}
	print "int main(void)\n{\n\tint sum = 0;"
	for (i = 0; i < functions; i++)
		printf "\t{ struct s%d s = { .b = \"text\" }; sum += f%d(&s, sum & 15); }\n", i, i
	print "\treturn printf(\"%d\\n\", sum) < 0;\n}"
}' >"$tmp/large.c" </dev/null

cat >"$tmp/templates.cc" <<'END'
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <unordered_map>
template <int N> struct f { static std::map<int, std::string> m; static int g(int i) { m[i] += "x"; return f<N - 1>::g(i) + N; } };
template <int N> std::map<int, std::string> f<N>::m;
template <> struct f<0> { static int g(int i) { return i; } };
int main() { std::regex r("a+(b|c)*"); std::cout << f<120>::g(3) << std::regex_match("aab", r) << "\n"; }
END

# The compiler proper waits for its input meanwhile.
mapped() {
	local driver

	rm -f "$tmp/pipe.c" && mkfifo "$tmp/pipe.c" && cd "$tmp" || return
	gcc -S -o pipe.s pipe.c &
	driver=$!
	exec 3>pipe.c
	for i in "$driver" $(pgrep -P "$driver"); do
		preloaded "$(cat "/proc/$i/comm")" <"/proc/$i/maps"
	done
	echo 'int i;' >&3
	exec 3>&-
	wait "$driver"
}

compiled() {
	cd "$tmp" && gcc -O2 -c -o large.o large.c && sha256sum large.o &&
		gcc -O1 -g -pipe -o large large.c && sha256sum large && ./large
}

templated() { cd "$tmp" && g++ -O1 -S -o templates.s templates.cc && sha256sum templates.s; }

both 'gcc' mapped
both 'gcc -O2 of a large C file' compiled
both 'g++ of templates' templated
finish
