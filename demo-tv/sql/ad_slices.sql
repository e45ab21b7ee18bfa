SELECT v.device_id,
       v.started_at,
       l.slot_id,
       l.starts_at AS slot_at,
       unix_micros(l.ends_at) - unix_micros(l.starts_at) AS slot_micros,
       greatest(v.started_at, l.starts_at) AS from_at,
       unix_micros(least(v.ended_at, l.ends_at))
         - unix_micros(greatest(v.started_at, l.starts_at)) AS micros,
       v.channel_id,
       c.name AS channel,
       l.ad_id,
       coalesce(a.campaign, 'unknown') AS campaign,
       coalesce(a.brand, 'unknown') AS brand,
       coalesce(CAST(a.rate AS DOUBLE), 0) AS rate,
       d.kind AS device_kind,
       d.user_id,
       coalesce(u.gender, 'unknown') AS gender,
       CASE
         WHEN u.age IS NULL THEN 'unknown'
         WHEN u.age < 18 THEN '0-17'
         WHEN u.age < 30 THEN '18-29'
         WHEN u.age < 45 THEN '30-44'
         WHEN u.age < 60 THEN '45-59'
         ELSE '60+'
       END AS age_group,
       coalesce(u.region, 'unknown') AS region,
       coalesce(u.plan, 'unknown') AS plan
FROM viewings v
JOIN ad_slots l
  ON l.channel_id = v.channel_id AND l.starts_at < v.ended_at AND l.ends_at > v.started_at
LEFT JOIN ads a ON a.ad_id = l.ad_id
LEFT JOIN channels c ON c.channel_id = v.channel_id
LEFT JOIN devices d ON d.device_id = v.device_id
LEFT JOIN users u ON u.user_id = d.user_id
