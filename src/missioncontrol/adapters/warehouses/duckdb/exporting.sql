-- name: exported
-- Events as they came, in the order received.
SELECT seq, id, name, epoch_us(happened), epoch_us(received), source,
  coalesce(user_id, ''), coalesce(anonymous_id, ''), coalesce(session, ''),
  coalesce(alias_told, ''), coalesce(group_told, ''),
  properties::VARCHAR, coalesce(person_told::VARCHAR, ''), coalesce(once_told::VARCHAR, ''), is_bot
FROM events WHERE product = $product AND seq > $after AND seq <= $until ORDER BY seq LIMIT $limit
