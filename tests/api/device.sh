#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whatever stands at /dev/weir, or does not: programs work, nothing is printed, no descriptor stays.
# In a mount namespace of its own, with a /dev of its own.
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${WEIR_OWN_DEV-}" ]; then
	exec env WEIR_OWN_DEV=1 unshare -m "$0"
fi
descriptors=$top/build/tests/api/descriptors
n=0
ends=0
unset WEIR_OPTIONS

new_dev() {
	mount -t tmpfs -o mode=755,dev tmpfs /dev
	mknod -m 666 /dev/null c 1 3
	mknod -m 666 /dev/zero c 1 5
}

# try WHAT COMMAND...: make something at /dev/weir, then look whether programs work.
try() {
	local what=$1 out status

	shift
	rm -rf /dev/weir
	"$@" || { echo "# cannot set up"; ends=1; }
	out=$(timeout 20 "$descriptors" 2>&1)
	status=$?
	n=$((n + 1))
	if [ $status -eq 0 ] && [ -z "$out" ]; then
		echo "ok $n $what"
	else
		printf '# status %d: %s\nnot ok %d %s\n' $status "$out" $n "$what"
		ends=1
	fi
}

looping() { ln -s weir /dev/weir; }
unreadable() { mknod /dev/weir c 1 5 && chmod 0 /dev/weir; }
absent() { :; }

a_socket() {
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/dev/weir")'
}

exec </dev/null
# What whoever runs this has left open is not the library's.
for fd in /proc/$$/fd/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || [ "$fd" -eq 255 ] || eval "exec $fd>&-"
done
echo TAP version 13
new_dev
try 'nothing' absent
try 'a regular file' touch /dev/weir
try 'a directory' mkdir /dev/weir
try 'a FIFO that nobody writes to' mkfifo /dev/weir
try 'a socket' a_socket
try 'a symbolic link to itself' looping
try 'a symbolic link to nothing' ln -s /nowhere /dev/weir
try 'a symbolic link to /dev/zero' ln -s zero /dev/weir
try '/dev/null' mknod -m 666 /dev/weir c 1 3
try '/dev/zero' mknod -m 666 /dev/weir c 1 5
try '/dev/full' mknod -m 666 /dev/weir c 1 7
try 'a device without a driver' mknod -m 666 /dev/weir c 240 77
try 'a block device without a driver' mknod -m 666 /dev/weir b 240 77
try 'a node that nobody may open' unreadable
try 'a tty' mknod -m 666 /dev/weir c 5 0
rm -rf /dev/weir
umount /dev
mount -t tmpfs -o mode=000 tmpfs /dev
try 'no /dev to speak of' absent
echo "1..$n"
exit $ends
