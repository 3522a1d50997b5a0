#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Lua, which has no allocator of its own: each table, string and closure is a malloc, each growth a realloc.
. "$(dirname "$0")/lib.bash"
rounds=${long:+20}
rounds=${rounds:-1}

version lua5.4 -v

cat >"$tmp/work.lua" <<'END'
local maps, rounds = arg[1], tonumber(arg[2])
local out = io.open(maps, "w")
for line in io.lines("/proc/self/maps") do out:write(line, "\n") end
out:close()

local function random(seed)
	return function(n)
		seed = (seed * 1103515245 + 12345) % 2147483648
		return seed // 65536 % n + 1
	end
end

local function digest(s)
	local h = 5381
	for i = 1, #s, 7 do h = (h * 33 + s:byte(i)) % 4294967296 end
	return h
end

local function strings(r)
	local parts = {}
	for i = 1, 30000 do parts[i] = ("%d:%s"):format(i, ("x"):rep(r(60))) end
	local s = table.concat(parts, ",")
	s = s:gsub("(%d+):(x+)", function(a, b) return b .. a end):reverse()
	local big = ""
	for i = 1, 400 do big = big .. s:sub(i, i + 2000) end
	return digest(s) + digest(big)
end

local function tables(r)
	local t, sum = {}, 0
	for i = 1, 60000 do
		local key = "key " .. r(20000)
		t[key] = t[key] or { n = 0, list = {} }
		t[key].n = t[key].n + 1
		t[key].list[#t[key].list + 1] = { i, tostring(i) }
		if i % 3 == 0 then t["key " .. r(20000)] = nil end
	end
	local keys = {}
	for key in pairs(t) do keys[#keys + 1] = key end
	table.sort(keys, function(a, b) return #a < #b or #a == #b and a < b end)
	for i, key in ipairs(keys) do sum = (sum * 31 + digest(key) + t[key].n + #t[key].list) % 4294967296 end
	return sum
end

local function coroutines(r)
	local sum, all = 0, {}
	for i = 1, 3000 do
		local size = r(100)
		all[i] = coroutine.wrap(function()
			local kept = {}
			for j = 1, size do
				kept[j] = { value = j, tag = function() return i * j end }
				coroutine.yield(kept[j].tag())
			end
		end)
	end
	for turn = 1, 20 do
		for i = 1, #all, turn do
			local ok, value = pcall(all[i])
			sum = (sum + (ok and value or i)) % 4294967296
		end
	end
	return sum
end

for round = 1, rounds do
	for _, mode in ipairs { "incremental", "generational" } do
		collectgarbage(mode)
		print(round, mode, strings(random(round)), tables(random(round + 7)), coroutines(random(round + 77)))
	end
	collectgarbage()
end
local deep = "return " .. ("{"):rep(150) .. ("}"):rep(150)
local wide = "return {" .. ("function(a) return a .. 'b' end,"):rep(5000) .. "}"
print(#assert(load(deep))(), #assert(load(wide))())
END

worked() {
	lua5.4 "$tmp/work.lua" "$tmp/maps" "$rounds" || return
	preloaded lua <"$tmp/maps"
}

both 'strings, tables, coroutines and chunks' worked
finish
