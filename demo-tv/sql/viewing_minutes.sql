SELECT window.start AS minute,
       channel_id,
       region,
       age_group,
       sum(seconds) AS seconds,
       count(*) AS views
FROM show_views
GROUP BY window(from_at, '1 minute'), channel_id, region, age_group
