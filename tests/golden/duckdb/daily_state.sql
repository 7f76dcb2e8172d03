SELECT
  CAST('2024-03-14' AS DATE) AS day,
  shop__v1 AS shop,
  COUNT(*) AS count_count_acfd74,
  CAST(SUM(CAST(is_refund__v1 AS BIGINT)) AS BIGINT) AS sum_is_refund_sum_75be88,
  FSUM(amount__v1) FILTER(WHERE
    (
      amount__v1 > 0.0e0
    )) AS sum_amount_amount_sum_f5a139,
  COUNT(amount__v1) AS stddev_amount_count_016989,
  FSUM(amount__v1) AS stddev_amount_sum_016989,
  CASE
    WHEN MAX(ABS(amount__v1)) >= 1e+140
    THEN CAST('NaN' AS DOUBLE)
    ELSE VAR_POP(CASE WHEN ABS(amount__v1) < 1e+140 THEN amount__v1 END) * COUNT(amount__v1)
  END AS stddev_amount_m2_016989,
  ARG_MAX_NULL(country__v1, ROW("event_time", "event_id", country__v1)) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_country_value_7f7d33,
  ARG_MAX_NULL("event_time", ROW("event_time", "event_id", country__v1)) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_country_time_7f7d33,
  ARG_MAX_NULL("event_id", ROW("event_time", "event_id", country__v1)) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_country_id_7f7d33
FROM READ_PARQUET(
  'lake/events/order/day=*/data.parquet',
  hive_partitioning := TRUE
) AS events
WHERE
  day = CAST('2024-03-14' AS DATE) AND NOT shop__v1 IS NULL
GROUP BY
  2
ORDER BY
  2
