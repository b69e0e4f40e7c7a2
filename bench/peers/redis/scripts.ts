// The Lua scripts of a flash sale on Redis. Redis runs each one alone, so none sees a reservation that is half made.
//
// Of each SKU: a hash of its numbers, a sorted set of its holds by expiry, one hash for each hold, and where there is a
// limit a hash of the units that each buyer has. All keys of a SKU carry the hash tag {sku}, so that the same scripts run on a Redis Cluster.
// The moment comes in as an argument: it spares Redis a call, and lets tests say what time it is.

/**
 * KEYS: the SKU, its buyers, its expiries, the hold. ARGV: the hold's id, buyer, quantity, now in ms.
 * Answers [state or refusal, remaining, expiry in ms]; for an id that is known what was answered first.
 */
export const RESERVE = `
local known = redis.call('HMGET', KEYS[4], 'state', 'remaining', 'expires_at')
if known[1] then return {known[1], tonumber(known[2]), tonumber(known[3])} end
local sku = redis.call('HMGET', KEYS[1], 'available', 'held', 'limit', 'hold_ms')
if not sku[1] then return {'unknown_sku', 0, 0} end
local quantity, available, limit = tonumber(ARGV[3]), tonumber(sku[1]), tonumber(sku[3])
if available < quantity then return {'sold_out', available, 0} end
if limit > 0 then
  local has = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or 0)
  if has + quantity > limit then return {'limit_reached', available, 0} end
  redis.call('HINCRBY', KEYS[2], ARGV[2], quantity)
end
local remaining, expires_at = available - quantity, tonumber(ARGV[4]) + tonumber(sku[4])
redis.call('HSET', KEYS[1], 'available', remaining, 'held', tonumber(sku[2]) + quantity)
redis.call('HSET', KEYS[4], 'buyer', ARGV[2], 'quantity', quantity, 'state', 'held',
  'remaining', remaining, 'expires_at', expires_at)
redis.call('ZADD', KEYS[3], expires_at, ARGV[1])
return {'held', remaining, expires_at}
`

/**
 * KEYS: the SKU, its buyers, its expiries. ARGV: now in ms, holds at most, ms for which an expired hold is remembered.
 * Gives the units of expired holds back; answers how many holds they were.
 */
export const SWEEP = `
local due = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local is_limited = tonumber(redis.call('HGET', KEYS[1], 'limit')) > 0
local units = 0
for _, id in ipairs(due) do
  local key = KEYS[1] .. ':hold:' .. id
  local hold = redis.call('HMGET', key, 'buyer', 'quantity')
  redis.call('ZREM', KEYS[3], id)
  redis.call('HSET', key, 'state', 'expired')
  redis.call('PEXPIRE', key, ARGV[3])
  if is_limited and redis.call('HINCRBY', KEYS[2], hold[1], -hold[2]) == 0 then
    redis.call('HDEL', KEYS[2], hold[1])
  end
  units = units + hold[2]
end
if units > 0 then
  redis.call('HINCRBY', KEYS[1], 'available', units)
  redis.call('HINCRBY', KEYS[1], 'held', -units)
end
return #due
`
