SELECT window.start AS minute,
       show_id,
       age_group,
       max(title) AS title,
       count(*) AS views,
       sum(seconds) AS seconds,
       max(seconds) AS longest
FROM show_views
GROUP BY window(from_at, '1 minute'), show_id, age_group
