SELECT
  CAST('2024-03-14' AS DATE) AS day,
  shop__v1 AS shop,
  COUNT(*) AS rows_c2c9b2,
  CAST(SUM(CAST(CAST(is_refund__v1 AS BIGINT) AS DECIMAL(20, 0))) AS BIGINT) AS trues_is_refund_df986a,
  AGGREGATE(
    ARRAY_SORT(NULLIF(COLLECT_LIST(CASE WHEN amount__v1 > 0.0e0 THEN amount__v1 END), ARRAY())),
    NAMED_STRUCT('s', 0e0, 'c', 0e0),
    (sum__, value__) -> NAMED_STRUCT(
      's',
      (
        sum__.s + value__
      ),
      'c',
      sum__.c + CASE
        WHEN ABS(sum__.s) >= ABS(value__)
        THEN (
          sum__.s - (
            sum__.s + value__
          )
        ) + value__
        ELSE (
          value__ - (
            sum__.s + value__
          )
        ) + sum__.s
      END
    ),
    sum__ -> sum__.s + sum__.c
  ) AS sum_amount_3bbf81,
  COUNT(amount__v1) AS count_amount_9a653e,
  AGGREGATE(
    ARRAY_SORT(NULLIF(COLLECT_LIST(amount__v1), ARRAY())),
    NAMED_STRUCT('s', 0e0, 'c', 0e0),
    (sum__, value__) -> NAMED_STRUCT(
      's',
      (
        sum__.s + value__
      ),
      'c',
      sum__.c + CASE
        WHEN ABS(sum__.s) >= ABS(value__)
        THEN (
          sum__.s - (
            sum__.s + value__
          )
        ) + value__
        ELSE (
          value__ - (
            sum__.s + value__
          )
        ) + sum__.s
      END
    ),
    sum__ -> sum__.s + sum__.c
  ) AS sum_amount_1d3f54,
  CASE
    WHEN MAX(ABS(amount__v1)) >= 1e+140
    THEN CAST('NaN' AS DOUBLE)
    ELSE VAR_POP(CASE WHEN ABS(amount__v1) < 1e+140 THEN amount__v1 END) * COUNT(amount__v1)
  END AS m2_amount_52c6f1,
  MAX_BY(
    country__v1,
    NAMED_STRUCT(
      'p1',
      event_time IS NULL,
      'p2',
      event_time,
      'p3',
      event_id IS NULL,
      'p4',
      event_id,
      'p5',
      country__v1 IS NULL,
      'p6',
      country__v1
    )
  ) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_value_country_bf3243,
  MAX_BY(
    event_time,
    NAMED_STRUCT(
      'p1',
      event_time IS NULL,
      'p2',
      event_time,
      'p3',
      event_id IS NULL,
      'p4',
      event_id,
      'p5',
      country__v1 IS NULL,
      'p6',
      country__v1
    )
  ) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_time_country_90721f,
  MAX_BY(
    event_id,
    NAMED_STRUCT(
      'p1',
      event_time IS NULL,
      'p2',
      event_time,
      'p3',
      event_id IS NULL,
      'p4',
      event_id,
      'p5',
      country__v1 IS NULL,
      'p6',
      country__v1
    )
  ) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_id_country_c08ec0
FROM `events/order` AS events
WHERE
  day = CAST('2024-03-14' AS DATE) AND NOT shop__v1 IS NULL
GROUP BY
  2
ORDER BY
  2
