-- Takes the lanes of one destination that are ready, within its rate.
-- KEYS: the bells (lane -> not before, ms), the bucket of tokens
-- ARGV: now (ms), at most so many, calls per second (0 = no limit)
-- Returns the lanes and the ms until there may be more (-1: nothing is known to come).
local now, limit, rate = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local wait_for_token = 0
if rate > 0 then
  local bucket = redis.call('HMGET', KEYS[2], 'tokens', 'at')
  local burst = math.max(1, rate)
  local tokens, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
  -- Another process's clock may be a little ahead: time that has been paid out once is not paid out again.
  if at > now + 1000 then at = now end
  tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
  if tokens < limit then limit = math.floor(tokens) end
  if limit < 1 then wait_for_token = math.ceil((1 - tokens) * 1000 / rate) end
  redis.call('HSET', KEYS[2], 'tokens', tokens, 'at', math.max(at, now))
  redis.call('PEXPIRE', KEYS[2], 60000)
end
local lanes = {}
if limit >= 1 then
  lanes = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit)
  if #lanes > 0 then
    redis.call('ZREM', KEYS[1], unpack(lanes))
    if rate > 0 then redis.call('HINCRBYFLOAT', KEYS[2], 'tokens', -#lanes) end
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wait = -1
if first[2] then wait = math.max(0, tonumber(first[2]) - now, wait_for_token) end
return {lanes, wait}
