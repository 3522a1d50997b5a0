#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# git: a repository with a history, cloned, repacked in two threads, read back.
. "$(dirname "$0")/lib.bash"
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

both 'commit, merge, clone, gc, fsck, log, blame, archive, grep' history
finish
