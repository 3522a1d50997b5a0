#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Node: the npm package uglify-js's own tests, that package at work on itself, workers with buffers, zlib and crypto.
. "$(dirname "$0")/lib.bash"
settings=("${few[@]}")
export UGLIFY_GITHUB_LAG=600000 NODE_PATH=/usr/share/nodejs NODE_DISABLE_COLORS=1
tests=(arrays.js asm.js arrows.js loops.js numbers.js templates.js)
unset NODE_OPTIONS

version node --version
[ -e "$sources/uglify-js" ] || echo '# tests/setup/sources fetches the package with its tests'

cp -r "$sources/uglify-js" "$tmp/package"
# The machine may be busy.
sed -i 's/timeout || 5000/timeout || 600000/' "$tmp/package/test/sandbox.js"

# Each test is named as it runs; what fails is shown after its name.
tested() {
	cd "$tmp/package" || return
	if [ -n "$long" ]; then
		node test/compress.js
		node test/mocha.js
	else
		for i in "${tests[@]}"; do
			node test/compress.js "$i"
		done
		for i in minify.js comments.js sourcemaps.js; do
			node test/mocha.js "$i"
		done
	fi >"$tmp/out" 2>&1
	cat "$tmp/out"
	at_least 250 "$(grep -cE 'Running test|√' "$tmp/out")" tests
}

minified() {
	cd "$tmp/package" && node bin/uglifyjs lib/{ast,output,parse,utils}.js --compress unsafe --mangle --toplevel \
		--source-map includeSources,url=out.js.map -o out.js || return
	wc -c out.js out.js.map
	sha256sum out.js out.js.map
}

cat >"$tmp/work.js" <<'END'
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
const fs = require("fs"), zlib = require("zlib"), crypto = require("crypto");
const sha = x => crypto.createHash("sha256").update(x).digest("hex");
function work(seed) {
	let random = n => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
	let kept = [], digest = "";
	for (let i = 0; i < 200; i++) {
		let b = Buffer.alloc(random(200000) + 1, "text " + i);
		if (random(3) == 0)
			kept.push(zlib.deflateSync(b));
		else if (random(2))
			digest = sha(digest + sha(zlib.gunzipSync(zlib.gzipSync(b))));
		if (kept.length > 30)
			digest = sha(digest + sha(zlib.brotliCompressSync(Buffer.concat(kept.splice(0, 20)), {
				params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } })));
		JSON.parse(JSON.stringify(Array.from({ length: 300 }, (_, j) => ({ id: j, name: "n" + i * j }))));
	}
	let cipher = crypto.createCipheriv("aes-256-cbc", Buffer.alloc(32, 7), Buffer.alloc(16, 9));
	return digest + sha(Buffer.concat([cipher.update(Buffer.alloc(3000000, "x")), cipher.final()]));
}
if (isMainThread) {
	fs.writeFileSync(process.argv[2], fs.readFileSync("/proc/self/maps"));
	let said = [];
	for (let i of [1, 2, 3, 4]) {
		let worker = new Worker(__filename, { workerData: i });
		worker.on("message", text => said.push(text));
		worker.on("exit", code => said.push("ended with " + code));
	}
	process.on("exit", () => console.log(said.sort().join("\n")));
} else {
	parentPort.postMessage(workerData + " " + work(workerData));
}
END

worked() {
	node "$tmp/work.js" "$tmp/maps" || return
	preloaded node <"$tmp/maps"
}

both 'workers with buffers, zlib and crypto' worked
both 'uglify-js on itself' minified
both "uglify-js's own tests" tested
finish
