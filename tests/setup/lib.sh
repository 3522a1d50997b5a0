# SPDX-License-Identifier: GPL-2.0
#
# For the scripts beside it: messages, root, and package files from apt.

die() {
	echo "setup: $*" >&2
	exit 1
}

say() {
	echo "setup: $*" >&2
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "neither root nor sudo; as root, please run: $*"
	fi
}

# fetch DIRECTORY PACKAGE...: download package files without installing them.
fetch() {
	local dir=$1 log
	shift

	log=$(mktemp) || exit 1
	mkdir -p "$dir" || exit 1
	if ! (cd "$dir" && apt-get -qq download "$@") >"$log" 2>&1; then
		# Package lists older than the archive make it fail.
		as_root apt-get -qq update >>"$log" 2>&1
		if ! (cd "$dir" && apt-get -qq download "$@") >>"$log" 2>&1; then
			tail -n 20 "$log" >&2
			rm -f "$log"
			die "apt-get could not download: $*"
		fi
	fi
	rm -f "$log"
}
