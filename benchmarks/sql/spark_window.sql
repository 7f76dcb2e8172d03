-- The same for Spark.
SELECT $columns FROM events GROUP BY network_number
