SELECT order_id,
       ordered_at,
       product,
       country,
       quantity * price AS revenue
FROM orders
