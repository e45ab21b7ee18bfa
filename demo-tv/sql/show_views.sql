SELECT v.device_id,
       v.started_at,
       s.schedule_id,
       v.channel_id,
       c.name AS channel,
       s.show_id,
       sh.title,
       sh.genre,
       greatest(v.started_at, s.starts_at) AS from_at,
       least(v.ended_at, s.ends_at) AS to_at,
       (unix_micros(least(v.ended_at, s.ends_at))
         - unix_micros(greatest(v.started_at, s.starts_at))) / 1e6 AS seconds,
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
       coalesce(u.plan, 'unknown') AS plan,
       coalesce(lower(w.conditions), 'unknown') AS weather
FROM viewings v
JOIN schedule s
  ON s.channel_id = v.channel_id AND s.starts_at < v.ended_at AND s.ends_at > v.started_at
LEFT JOIN shows sh ON sh.show_id = s.show_id
LEFT JOIN channels c ON c.channel_id = v.channel_id
LEFT JOIN devices d ON d.device_id = v.device_id
LEFT JOIN users u ON u.user_id = d.user_id
LEFT JOIN weather w ON w.region = u.region
