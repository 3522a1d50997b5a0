#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nginx under load: files, gzip, server side includes, a proxy with small buffers, uploads, a reload amid it all.
. "$(dirname "$0")/lib.bash"
settings=("${few[@]}")
requests=${long:+200000}
requests=${requests:-4000}
home=$tmp/nginx
python=/usr/bin/python3
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || exit

version "$nginx" -v

mkdir -p "$home/files/parts" "$home/put"
for i in 1 10 100 1000; do
	seq -f "line %g of a file of $i" $((i * 50)) >"$home/files/$i.txt"
done
cat "$lib" "$lib" >"$home/files/binary"
for i in $(seq 40); do
	echo "<p>part $i</p>" >"$home/files/parts/$i.html"
	echo "<!--#set var=\"v$i\" value=\"value $i\" --><!--#include virtual=\"/parts/$i.html\" --><!--#echo var=\"v$i\" -->"
done >"$home/files/page.shtml"

configure() {
	port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	[ "$(id -u)" -ne 0 ] || echo 'user root;'
	cat <<END
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 512; }
http {
	access_log off;
	keepalive_requests 100;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	large_client_header_buffers 8 16k;
	types { text/html html shtml; text/plain txt; }
	server {
		listen 127.0.0.1:$port;
		root files;
		log_not_found off;
		ssi on;
		location /zipped/ {
			alias files/;
			gzip on;
			gzip_types text/plain;
		}
		location /proxied/ {
			proxy_pass http://127.0.0.1:$port/;
			proxy_buffers 4 4k;
			proxy_set_header Host \$host;
		}
		location /put/ {
			root .;
			dav_methods PUT DELETE;
			client_max_body_size 20m;
			client_body_buffer_size 64k;
		}
	}
}
END
}

# Each file by each way, with small and large headers, and uploads read back.
fetch() {
	"$python" - "$port" <<'END'
import hashlib, http.client, sys, threading
def ask(method, path, body=None, headers={}):
    c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    c.request(method, path, body, headers)
    answer = c.getresponse()
    data = answer.read()
    c.close()
    return method, path, answer.status, len(data), hashlib.sha256(data).hexdigest()
lines = []
def client(number):
    big = {"X-%d" % i: "v" * 3000 for i in range(number * 8)}
    for way in "", "/zipped", "/proxied", "/proxied/zipped", "/proxied/proxied":
        for name in "1.txt", "10.txt", "100.txt", "1000.txt", "binary", "page.shtml", "absent":
            zipped = {"Accept-Encoding": "gzip"} if "zipped" in way else {}
            lines.append(ask("GET", way + "/" + name, headers={**big, **zipped}))
    for size in 0, 1000, 70000, 3000000:
        path = "/put/%d-%d" % (number, size)
        lines.append(ask("PUT", path, bytes(i * number % 251 for i in range(size))))
        lines.append(ask("GET", "/proxied" + path))
        lines.append(ask("DELETE", path))
threads = [threading.Thread(target=client, args=(i,)) for i in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(*sorted(lines), sep="\n")
END
}

# load PATH [OPTION...]
load() {
	ab -q -l -k -c 32 -n "$requests" "${@:2}" "http://127.0.0.1:$port$1" >"$home/ab" 2>&1 || cat "$home/ab"
	grep -E '^(Document Path|Complete requests|Failed requests| *.Connect:|Non-2xx|Document Length)' "$home/ab"
}

workers() { pgrep -P "$server" | sort; }

reloaded() {
	local before

	before=$(workers)
	kill -HUP "$server"
	await 30 renewed "$before"
}

# Another two, and none of those BEFORE.
renewed() {
	[ "$(workers | wc -l)" -eq 2 ] && [ -z "$(comm -12 <(workers) <(echo "$1"))" ]
}

served() {
	local pid

	rm -f "$home/error.log"
	configure >"$home/conf" || return
	"$nginx" -p "$home/" -c conf -e error.log &
	server=$!
	await 30 renewed '' || return
	mapped "$server" $(workers)
	fetch || return
	load /1.txt -k
	load /proxied/100.txt -k
	load /zipped/10.txt -k -H 'Accept-Encoding: gzip'
	load /page.shtml -k
	# What is under way when a worker is told to go is sometimes reset, without the library too.
	ab -q -r -c 32 -n "$requests" "http://127.0.0.1:$port/proxied/10.txt" >"$home/meanwhile" 2>&1 &
	pid=$!
	for _ in 1 2 3; do
		reloaded || return
	done
	wait "$pid"
	load /zipped/10.txt -H 'Accept-Encoding: gzip'
	fetch | sha256sum
	stop QUIT || return
	# Nothing above notices is logged.
	cat "$home/error.log"
}

both 'files, gzip, includes, proxy, uploads, load and reloads' served
finish
