#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A Java VM: its start, its compiler, a program in several threads, direct buffers and zlib, under two collectors.
. "$(dirname "$0")/lib.bash"
settings=("${few[@]}")
unset JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS
rounds=${long:+40}
rounds=${rounds:-4}

version java -version

cat >"$tmp/Work.java" <<'END'
import java.io.*;
import java.nio.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import java.util.zip.*;

public class Work {
    record Node(int key, String name, List<Node> children) { }

    static Node tree(int depth, int key) {
        List<Node> children = new ArrayList<>();
        for (int i = 0; depth > 0 && i < 6; i++)
            children.add(tree(depth - 1, key * 7 + i));
        return new Node(key, "node " + key, children);
    }

    static long sum(Node node) {
        return node.key() + node.name().length() + node.children().stream().mapToLong(Work::sum).sum();
    }

    // zlib's state and the direct buffers come from malloc.
    static long packed(Random random) throws Exception {
        byte[] text = random.ints(20000, 0, 1000).mapToObj(Integer::toString)
            .collect(Collectors.joining(" ")).getBytes();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(text);
        }
        byte[] back = new GZIPInputStream(new ByteArrayInputStream(out.toByteArray())).readAllBytes();
        ByteBuffer buffer = ByteBuffer.allocateDirect(random.nextInt(1 << 20) + text.length);
        buffer.put(back).flip();
        CRC32 crc = new CRC32();
        crc.update(buffer);
        return Arrays.equals(text, back) ? crc.getValue() : -1;
    }

    static long work(int seed) throws Exception {
        Random random = new Random(seed);
        Map<String, StringBuilder> map = new TreeMap<>();
        long sum = sum(tree(5, seed));
        for (int i = 0; i < 30000; i++)
            map.computeIfAbsent("key " + random.nextInt(5000), k -> new StringBuilder()).append(i).append(',');
        for (var entry : map.entrySet())
            sum = sum * 31 + entry.getKey().hashCode() + entry.getValue().toString().hashCode();
        for (int i = 0; i < 10; i++)
            sum = sum * 31 + packed(random);
        return sum;
    }

    public static void main(String[] args) throws Exception {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            Files.write(Path.of(args[1]), (Iterable<String>) maps::iterator);
        }
        for (int round = 0; round < Integer.parseInt(args[0]); round++) {
            ExecutorService pool = Executors.newFixedThreadPool(4);
            List<Future<Long>> results = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int seed = round * 100 + i;
                results.add(pool.submit(() -> work(seed)));
            }
            for (Future<Long> result : results)
                System.out.println(result.get());
            pool.shutdown();
            // Short threads, which malloc sees come and go.
            for (int i = 0; i < 200; i++) {
                Thread thread = new Thread(() -> ByteBuffer.allocateDirect(4096).put(0, (byte) 1));
                thread.start();
                thread.join();
            }
        }
        Process child = new ProcessBuilder("/bin/echo", "from a child").inheritIO().start();
        System.out.println(child.waitFor());
    }
}
END

started() { java -Xshare:auto -version 2>&1; }

# What the VM's compiler makes is the same, and is what the others run.
compiled() {
	rm -rf "$tmp/classes"
	javac -d "$tmp/classes" "$tmp/Work.java" || return
	(cd "$tmp/classes" && sha256sum ./*.class)
}

worked() {
	java "$@" -Xmx256m -XX:NativeMemoryTracking=summary -cp "$tmp/classes" Work "$rounds" "$tmp/maps" || return
	preloaded java <"$tmp/maps"
}

both 'start of a Java VM' started
both 'javac' compiled
both 'threads, direct buffers and zlib under the serial collector' worked -XX:+UseSerialGC
both 'threads, direct buffers and zlib under G1' worked -XX:+UseG1GC
finish
