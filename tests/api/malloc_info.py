# SPDX-License-Identifier: LGPL-2.1-or-later
#
# malloc_info.py FILE...: what no schema can say of malloc_info's output: sums that must agree. For
# malloc_info.sh. What glibc itself does not keep is not asked for: its sizes carry flag bits.
import sys
import xml.etree.ElementTree as ET


def number(parent, tag, kind, attribute="size"):
    return int(parent.find(f"{tag}[@type='{kind}']").get(attribute))


def check(root):
    heaps = root.findall("heap")
    for nr, heap in enumerate(heaps):
        assert int(heap.get("nr")) == nr, "heaps are not numbered one by one"
        bins = list(heap.find("sizes"))
        for b in bins:
            low, high, total, count = (int(b.get(i)) for i in ("from", "to", "total", "count"))
            assert low <= high and low * count <= total + 15 * count and total <= high * count, ET.tostring(b)
        # The top is free, too.
        free = sum(int(b.get("total")) for b in bins)
        assert number(heap, "total", "rest") + number(heap, "total", "fast") >= free * 0.99, "less free than in bins"
        assert number(heap, "system", "current") <= number(heap, "system", "max")
        assert number(heap, "aspace", "total") <= number(heap, "aspace", "mprotect")
        if nr:
            assert number(heap, "aspace", "mprotect") <= number(heap, "aspace", "subheaps") * (64 << 20)
    for tag, kind in ("total", "rest"), ("system", "current"), ("aspace", "total"), ("aspace", "mprotect"):
        assert number(root, tag, kind) == sum(number(h, tag, kind) for h in heaps), (tag, kind)
    rest = sum(number(h, "total", "rest", "count") for h in heaps)
    assert number(root, "total", "rest", "count") == rest, "count of rest"
    # The library has its thread caches in the sum alone.
    assert number(root, "total", "fast") >= sum(number(h, "total", "fast") for h in heaps)


for name in sys.argv[1:]:
    try:
        check(ET.parse(name).getroot())
    except AssertionError as e:
        sys.exit(f"{name}: {e}")
