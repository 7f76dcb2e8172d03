WITH merged_1 AS (
  SELECT
    country,
    CAST(SUM(rows_94cbdc) AS BIGINT) AS count_99c07c__
  FROM READ_PARQUET(
    'lake/states/land/order/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS states
  WHERE
    day = CAST('2024-03-14' AS DATE)
  GROUP BY
    country
), values_1_1 AS (
  SELECT
    country,
    COUNT(value__) AS count_distinct_shop_1f6a28__
  FROM (
    SELECT
      country,
      value__,
      CAST(SUM(times__) AS BIGINT) AS times__
    FROM READ_PARQUET(
      'lake/states/land/order/values_shop_7dda2e/day=*/data.parquet',
      hive_partitioning := TRUE
    ) AS daily
    WHERE
      day = CAST('2024-03-14' AS DATE)
    GROUP BY
      country,
      value__
  ) AS seen
  GROUP BY
    country
), grouped_1 AS (
  SELECT
    merged_1.*,
    COALESCE(values_1_1.count_distinct_shop_1f6a28__, 0) AS count_distinct_shop_1f6a28__
  FROM merged_1
  LEFT JOIN values_1_1
    ON values_1_1.country = merged_1.country
), merged_2 AS (
  SELECT
    country,
    CASE WHEN ISFINITE(FSUM(sum_seconds_db84bf)) THEN FSUM(sum_seconds_db84bf) END AS sum_seconds_5302df__,
    NOT FSUM(sum_seconds_db84bf) IS NULL AS sum_seconds_5302df__known
  FROM READ_PARQUET(
    'lake/states/land/visit/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS states
  WHERE
    day = CAST('2024-03-14' AS DATE)
  GROUP BY
    country
), values_2_1 AS (
  SELECT
    country,
    COUNT(value__) AS count_distinct_page_4a13fe__
  FROM (
    SELECT
      country,
      value__,
      CAST(SUM(times__) AS BIGINT) AS times__
    FROM READ_PARQUET(
      'lake/states/land/visit/values_page_7b4454/day=*/data.parquet',
      hive_partitioning := TRUE
    ) AS daily
    WHERE
      day = CAST('2024-03-14' AS DATE)
    GROUP BY
      country,
      value__
  ) AS seen
  GROUP BY
    country
), grouped_2 AS (
  SELECT
    merged_2.*,
    COALESCE(values_2_1.count_distinct_page_4a13fe__, 0) AS count_distinct_page_4a13fe__
  FROM merged_2
  LEFT JOIN values_2_1
    ON values_2_1.country = merged_2.country
), entities AS (
  SELECT
    country
  FROM grouped_1
  UNION
  SELECT
    country
  FROM grouped_2
), joined AS (
  SELECT
    entities.country,
    grouped_1.count_99c07c__,
    grouped_1.count_distinct_shop_1f6a28__,
    grouped_2.sum_seconds_5302df__,
    grouped_2.sum_seconds_5302df__known,
    grouped_2.count_distinct_page_4a13fe__
  FROM entities
  LEFT JOIN grouped_1
    ON grouped_1.country = entities.country
  LEFT JOIN grouped_2
    ON grouped_2.country = entities.country
), step_8 AS (
  SELECT
    *,
    COALESCE(count_99c07c__, 0) AS orders__v1,
    COALESCE(count_distinct_shop_1f6a28__, 0) AS shops__v1,
    sum_seconds_5302df__ AS seconds__v1,
    COALESCE(count_distinct_page_4a13fe__, 0) AS pages__v1
  FROM joined
), step_9 AS (
  SELECT
    *,
    CASE
      WHEN ISFINITE(seconds__v1 / CAST(orders__v1 AS DOUBLE))
      THEN seconds__v1 / CAST(orders__v1 AS DOUBLE)
    END AS seconds_per_order__v1
  FROM step_8
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  country,
  orders__v1,
  shops__v1,
  seconds__v1,
  pages__v1,
  seconds_per_order__v1,
  CAST('2024-03-14' AS DATE) AS window_start,
  CAST('2024-03-15' AS DATE) AS window_end,
  TRUE AS window_complete,
  NOT seconds__v1 IS NULL
  AND NOT orders__v1 IS NULL
  AND seconds_per_order__v1 IS NULL AS lost__seconds_per_order__v1,
  sum_seconds_5302df__known AND sum_seconds_5302df__ IS NULL AS lost__seconds__v1
FROM step_9
ORDER BY
  country
