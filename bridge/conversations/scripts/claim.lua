-- Claims due timers: they stay in the set, moved ahead, until their claimer takes them off.
-- KEYS: the timers (member -> due, ms) · ARGV: now (ms), at most so many, how far ahead (ms)
-- Returns the members, the ms until the next is due (-1: none), and how late (ms) each of the members is.
local now, limit, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
local members, late = {}, {}
for at = 1, #found, 2 do
  members[#members + 1], late[#late + 1] = found[at], now - tonumber(found[at + 1])
  redis.call('ZADD', KEYS[1], now + ahead, found[at])
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wait = -1
if first[2] then wait = math.max(0, tonumber(first[2]) - now) end
return {members, wait, late}
