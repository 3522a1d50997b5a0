// SPDX-License-Identifier: LGPL-2.1-or-later
// operator new and delete in every form come from the library.
#include <malloc.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <vector>

static int number, ends;

static void result(bool ok, const char *what)
{
	printf("%sok %d %s\n", ok ? "" : "not ", ++number, what);
	ends |= !ok;
}

template <typename T> static T *hide(T *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

struct alignas(4096) page { char text[4096]; };
struct alignas(64) line { char text[100]; };

/* By a second block: the first of its size may bring more with it. */
static bool grows(size_t size)
{
	char *first = hide(new char[size]);
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	char *p = hide(new char[size]);
	bool grown = mallinfo2().uordblks + mallinfo2().hblkhd >= before + size;

	delete[] p;
	grown = grown && mallinfo2().uordblks + mallinfo2().hblkhd == before;
	delete[] first;
	return grown;
}

static bool throws(size_t size)
{
	try {
		delete[] hide(new char[size]);
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

static bool aligned()
{
	bool ok = true;

	for (int i = 0; i < 100; i++) {
		page *p = hide(new page);
		line *l = hide(new line[i + 1]);
		void *v = operator new(100, std::align_val_t(1 << 20));

		ok = ok && (uintptr_t)p % 4096 == 0 && (uintptr_t)l % 64 == 0 && (uintptr_t)v % (1 << 20) == 0;
		delete p;
		delete[] l;
		operator delete(v, std::align_val_t(1 << 20));
	}
	return ok;
}

/* A block from each form of operator new is freed by each form of delete that may have it. */
struct form {
	void *(*allocate)(size_t);
	void (*release[3])(void *);
	size_t align;
};

constexpr size_t big = 3000;
constexpr std::align_val_t align = std::align_val_t(512);

static const form forms[] = {
	{ [](size_t n) { return operator new(n); },
	  { [](void *p) { operator delete(p); }, [](void *p) { operator delete(p, big); },
	    [](void *p) { operator delete(p, std::nothrow); } }, 16 },
	{ [](size_t n) { return operator new(n, std::nothrow); },
	  { [](void *p) { operator delete(p); }, [](void *p) { operator delete(p, big); },
	    [](void *p) { operator delete(p, std::nothrow); } }, 16 },
	{ [](size_t n) { return operator new[](n); },
	  { [](void *p) { operator delete[](p); }, [](void *p) { operator delete[](p, big); },
	    [](void *p) { operator delete[](p, std::nothrow); } }, 16 },
	{ [](size_t n) { return operator new[](n, std::nothrow); },
	  { [](void *p) { operator delete[](p); }, [](void *p) { operator delete[](p, big); },
	    [](void *p) { operator delete[](p, std::nothrow); } }, 16 },
	{ [](size_t n) { return operator new(n, align); },
	  { [](void *p) { operator delete(p, align); }, [](void *p) { operator delete(p, big, align); },
	    [](void *p) { operator delete(p, align, std::nothrow); } }, 512 },
	{ [](size_t n) { return operator new(n, align, std::nothrow); },
	  { [](void *p) { operator delete(p, align); }, [](void *p) { operator delete(p, big, align); },
	    [](void *p) { operator delete(p, align, std::nothrow); } }, 512 },
	{ [](size_t n) { return operator new[](n, align); },
	  { [](void *p) { operator delete[](p, align); }, [](void *p) { operator delete[](p, big, align); },
	    [](void *p) { operator delete[](p, align, std::nothrow); } }, 512 },
	{ [](size_t n) { return operator new[](n, align, std::nothrow); },
	  { [](void *p) { operator delete[](p, align); }, [](void *p) { operator delete[](p, big, align); },
	    [](void *p) { operator delete[](p, align, std::nothrow); } }, 512 },
};

static bool is_filled(const void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)p)[i] != 0xa5)
			return false;
	return true;
}

/* linking.sh has memory filled, to see whose it is. */
static bool all_forms()
{
	const char *options = getenv("WEIR_OPTIONS");
	bool filled = options && strstr(options, "perturb=90"), ok = true;

	for (const form &f : forms)
		for (auto release : f.release) {
			void *first, *p;
			size_t before;

			first = hide(f.allocate(big));
			before = mallinfo2().uordblks;
			p = hide(f.allocate(big));
			ok = ok && p && (uintptr_t)p % f.align == 0 && mallinfo2().uordblks >= before + big &&
				(!filled || is_filled(p, big));
			memset(p, 1, big);
			release(p);
			ok = ok && mallinfo2().uordblks < before + big;
			release(first);
		}
	return ok;
}

static bool handled;

static bool handler_is_called()
{
	std::set_new_handler([] { handled = true; throw std::bad_alloc(); });
	return throws((size_t)1 << 62) && handled;
}

static bool containers()
{
	std::map<std::string, std::vector<int>> m;

	for (int i = 0; i < 20000; i++)
		m["a longer key that is not kept in place " + std::to_string(i % 1000)].push_back(i);
	return m.size() == 1000 && m.begin()->second.size() == 20;
}

int main()
{
	printf("TAP version 13\n1..9\n");
	result(grows(100) && grows(5000) && grows(500000), "new and delete");
	result(aligned(), "aligned new and delete");
	result(all_forms(), "all forms of operator new and delete");
	result(throws((size_t)1 << 62), "bad_alloc");
	result(!hide(new (std::nothrow) char[(size_t)1 << 62]), "nothrow");
	result(!operator new((size_t)1 << 62, std::align_val_t(64), std::nothrow), "aligned nothrow");
	result(handler_is_called(), "new handler");
	operator delete(nullptr);
	operator delete[](nullptr);
	result(true, "delete of nullptr");
	result(containers(), "containers");
	return ends;
}
