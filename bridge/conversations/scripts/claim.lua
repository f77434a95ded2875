-- Claims due timers: they stay in the set, moved ahead, until their claimer takes them off.
-- KEYS: the timers (member -> due, ms) · ARGV: now (ms), at most so many, how far ahead (ms)
-- Returns the members and the ms until the next is due (-1: none).
local now, limit, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(members) do redis.call('ZADD', KEYS[1], now + ahead, member) end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wait = -1
if first[2] then wait = math.max(0, tonumber(first[2]) - now) end
return {members, wait}
