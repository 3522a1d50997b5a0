#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# git: a repository made by commands, cloned and repacked in two threads; one with a large history, read back by
# whatever walks it.
. "$(dirname "$0")/lib.bash"
commits=${long:+20000}
commits=${commits:-1500}
version git --version
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a \
	GIT_COMMITTER_EMAIL=a@example.org GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'

history() {
	rm -rf "$tmp/repo" "$tmp/clone" && git init -q -b main "$tmp/repo" && cd "$tmp/repo" || return
	for i in 1 2 3 4 5 6 7 8; do
		mkdir -p "dir$((i % 3))"
		seq $((i * 1000)) $((i * 1000 + 20000)) >"dir$((i % 3))/file$((i % 4))"
		seq -f "line %g of $i" 1 300 >"only$i"
		git add -A && git commit -q -m "change $i" || return
	done
	git checkout -q -b side HEAD~4 && seq 5 900 >other && git add other && git commit -q -m side || return
	git checkout -q main && git merge -q -m merge side || return
	git clone -q --no-local "$tmp/repo" "$tmp/clone" && cd "$tmp/clone" || return
	git -c pack.threads=2 gc -q --aggressive && git fsck --strict || return
	git log -p --stat --graph | sha256sum
	git rev-parse HEAD HEAD^2
	git blame only3 | sha256sum
	git archive --format=tar HEAD | sha256sum
	git grep -c 'line 1' | head
}

# Objects as they are stored are the same too where one thread looks for deltas.
large() {
	rm -rf "$tmp/large" && git init -q -b main "$tmp/large" && cd "$tmp/large" || return
	git fast-import --quiet <"$tmp/import" || return
	git -c pack.threads=1 repack -q -a -d -f --depth=20 --window=15 || return
	sha256sum .git/objects/pack/*.pack
	git -c pack.threads=2 repack -q -a -d -f && git commit-graph write --reachable --changed-paths --no-progress || return
	git fsck --strict --full --no-progress || return
	git log --stat --topo-order | sha256sum
	git log -p -M -C --date-order -n 300 | sha256sum
	git log --oneline -S'new 77' -n 20 -- dir3
	git rev-list --objects --all | sort | sha256sum
	git checkout -q main && for i in dir*/file1 dir*/file5?; do
		git blame -C "$i"
	done | sha256sum
	git diff --patience HEAD~500 HEAD | sha256sum
	git checkout -q -b side HEAD~40 && git rm -q -r dir4 && git commit -q -m removed && git rebase -q main ||
		git rebase --abort
	git archive HEAD~100 | sha256sum
	git bundle create -q "$tmp/bundle" --all && git clone -q --bare "$tmp/bundle" "$tmp/bare" && git -C "$tmp/bare" fsck
	git -C "$tmp/bare" for-each-ref
	rm -rf "$tmp/bare"
	git -c alias.maps='!cat /proc/$PPID/maps' maps | preloaded git
}

PYTHONPATH=$top/tests/bench /usr/bin/python3 -B -c "import programs; print(programs.history($commits), end='')" >"$tmp/import"

both 'commit, merge, clone, gc, fsck, log, blame, archive, grep' history
settings=("${few[@]}")
both 'a large history: import, repack, fsck, log, blame, diff, rebase, bundle' large
finish
