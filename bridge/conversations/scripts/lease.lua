-- Takes or prolongs a lease, or lets go of it.
-- KEYS: the lease · ARGV: who asks, for how long (ms, 0 = let go), whose lease counts as over (a dead one's, or '')
-- Returns who holds it now.
local me, span, dead = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local holder = redis.call('GET', KEYS[1])
-- A clock that was set back would else prolong a lease by as much: no lease is longer than what is asked for.
if holder and (holder == dead or (span > 0 and redis.call('PTTL', KEYS[1]) > span)) then holder = false end
if holder and holder ~= me then return holder end
if span == 0 then
  redis.call('DEL', KEYS[1])
  return ''
end
redis.call('SET', KEYS[1], me, 'PX', span)
return me
