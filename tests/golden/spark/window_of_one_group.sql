WITH merged AS (
  SELECT
    shop,
    CAST(SUM(CAST(rows_c2c9b2 AS DECIMAL(20, 0))) AS BIGINT) AS count_acfd74__,
    TRY_CAST(SUM(CAST(trues_is_refund_df986a AS DECIMAL(20, 0))) AS BIGINT) AS sum_is_refund_75be88__,
    CASE
      WHEN ABS(
        AGGREGATE(
          ARRAY_SORT(NULLIF(COLLECT_LIST(sum_amount_3bbf81), ARRAY())),
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
        )
      ) <= 1.7976931348623157e308
      THEN AGGREGATE(
        ARRAY_SORT(NULLIF(COLLECT_LIST(sum_amount_3bbf81), ARRAY())),
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
      )
    END AS sum_amount_f5a139__,
    NOT AGGREGATE(
      ARRAY_SORT(NULLIF(COLLECT_LIST(sum_amount_3bbf81), ARRAY())),
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
    ) IS NULL AS sum_amount_f5a139__known,
    CAST(SUM(CAST(count_amount_9a653e AS DECIMAL(20, 0))) AS DOUBLE) AS stddev_amount_016989__count,
    MAX(count_amount_9a653e) AS stddev_amount_016989__most,
    AGGREGATE(
      ARRAY_SORT(NULLIF(COLLECT_LIST(m2_amount_52c6f1), ARRAY())),
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
    ) AS stddev_amount_016989__within,
    COUNT(
      CASE
        WHEN ABS(m2_amount_52c6f1) <= 1.7976931348623157e308
        THEN sum_amount_1d3f54 / CAST(count_amount_9a653e AS DOUBLE)
      END
    ) AS stddev_amount_016989__days,
    AGGREGATE(
      ARRAY_SORT(
        NULLIF(
          COLLECT_LIST(
            CASE
              WHEN ABS(m2_amount_52c6f1) <= 1.7976931348623157e308
              THEN sum_amount_1d3f54 / CAST(count_amount_9a653e AS DOUBLE)
            END
          ),
          ARRAY()
        )
      ),
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
    ) / COUNT(
      CASE
        WHEN ABS(m2_amount_52c6f1) <= 1.7976931348623157e308
        THEN sum_amount_1d3f54 / CAST(count_amount_9a653e AS DOUBLE)
      END
    ) AS stddev_amount_016989__middle,
    STDDEV_POP(
      CASE
        WHEN ABS(m2_amount_52c6f1) <= 1.7976931348623157e308
        THEN sum_amount_1d3f54 / CAST(count_amount_9a653e AS DOUBLE)
      END
    ) AS stddev_amount_016989__away,
    REGR_SXY(
      sum_amount_1d3f54,
      CASE
        WHEN ABS(m2_amount_52c6f1) <= 1.7976931348623157e308
        THEN sum_amount_1d3f54 / CAST(count_amount_9a653e AS DOUBLE)
      END
    ) AS stddev_amount_016989__by_sum,
    REGR_SXY(
      CAST(count_amount_9a653e AS DOUBLE),
      CASE
        WHEN ABS(m2_amount_52c6f1) <= 1.7976931348623157e308
        THEN sum_amount_1d3f54 / CAST(count_amount_9a653e AS DOUBLE)
      END
    ) AS stddev_amount_016989__by_count,
    AGGREGATE(
      ZIP_WITH(
        NULLIF(
          COLLECT_LIST(CAST(count_amount_9a653e AS DOUBLE)) FILTER(WHERE
            count_amount_9a653e > 0),
          ARRAY()
        ),
        TRANSFORM(
          NULLIF(
            COLLECT_LIST(sum_amount_1d3f54 / CAST(count_amount_9a653e AS DOUBLE)) FILTER(WHERE
              count_amount_9a653e > 0),
            ARRAY()
          ),
          mean__ -> (
            mean__ - (
              AGGREGATE(
                ARRAY_SORT(NULLIF(COLLECT_LIST(sum_amount_1d3f54), ARRAY())),
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
              ) / CAST(SUM(CAST(count_amount_9a653e AS DECIMAL(20, 0))) AS DOUBLE)
            )
          ) * (
            mean__ - (
              AGGREGATE(
                ARRAY_SORT(NULLIF(COLLECT_LIST(sum_amount_1d3f54), ARRAY())),
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
              ) / CAST(SUM(CAST(count_amount_9a653e AS DECIMAL(20, 0))) AS DOUBLE)
            )
          )
        ),
        (left__, right__) -> left__ * right__
      ),
      0e0,
      (sum__, element__) -> sum__ + element__
    ) AS stddev_amount_016989__careful,
    SUM(CAST(count_amount_9a653e AS DECIMAL(20, 0))) >= 2 AS stddev_amount_016989__known,
    MAX_BY(
      last_value_country_bf3243,
      NAMED_STRUCT(
        'p1',
        last_time_country_90721f IS NULL,
        'p2',
        last_time_country_90721f,
        'p3',
        last_id_country_c08ec0 IS NULL,
        'p4',
        last_id_country_c08ec0,
        'p5',
        last_value_country_bf3243 IS NULL,
        'p6',
        last_value_country_bf3243
      )
    ) FILTER(WHERE
      NOT last_value_country_bf3243 IS NULL) AS last_country_7f7d33__
  FROM `states/shop_stats/order` AS states
  WHERE
    day BETWEEN CAST('2024-03-08' AS DATE) AND CAST('2024-03-14' AS DATE)
  GROUP BY
    shop
), quick AS (
  SELECT
    merged.*,
    GREATEST(
      stddev_amount_016989__by_sum - stddev_amount_016989__middle * stddev_amount_016989__by_count - stddev_amount_016989__by_count * (
        stddev_amount_016989__by_count / stddev_amount_016989__count
      ),
      0.0e0
    ) AS stddev_amount_016989__quick
  FROM merged
), spread AS (
  SELECT
    quick.*,
    CASE
      WHEN stddev_amount_016989__count > 1.0e0
      AND ABS(stddev_amount_016989__within) <= 1.7976931348623157e308
      THEN SQRT(
        (
          stddev_amount_016989__within + CASE
            WHEN stddev_amount_016989__days * stddev_amount_016989__most * stddev_amount_016989__away * (
              ABS(stddev_amount_016989__middle) + stddev_amount_016989__away
            ) > 100000.0e0 * (
              stddev_amount_016989__within + stddev_amount_016989__quick
            )
            THEN stddev_amount_016989__careful
            ELSE stddev_amount_016989__quick
          END
        ) / (
          stddev_amount_016989__count - 1.0e0
        )
      )
    END AS stddev_amount_016989__
  FROM quick
), values_1 AS (
  SELECT
    shop,
    COUNT(value__) AS count_distinct_country_d632a5__
  FROM (
    SELECT
      shop,
      value__,
      CAST(SUM(CAST(times__ AS DECIMAL(20, 0))) AS BIGINT) AS times__
    FROM `states/shop_stats/order/values_country_d8c131` AS daily
    WHERE
      day BETWEEN CAST('2024-03-08' AS DATE) AND CAST('2024-03-14' AS DATE)
    GROUP BY
      shop,
      value__
  ) AS seen
  GROUP BY
    shop
), grouped AS (
  SELECT
    spread.*,
    COALESCE(values_1.count_distinct_country_d632a5__, 0) AS count_distinct_country_d632a5__
  FROM spread
  LEFT JOIN values_1
    ON values_1.shop = spread.shop
), step_5 AS (
  SELECT
    *,
    count_acfd74__ AS orders__v1,
    sum_is_refund_75be88__ AS refunds__v1,
    count_distinct_country_d632a5__ AS countries__v1,
    sum_amount_f5a139__ AS spent__v1,
    stddev_amount_016989__ AS spread__v1,
    last_country_7f7d33__ AS last_country__v1
  FROM grouped
), step_6 AS (
  SELECT
    *,
    CAST(refunds__v1 AS DOUBLE) / CAST(NULLIF(orders__v1, 0) AS DOUBLE) AS refund_rate__v1
  FROM step_5
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  shop,
  orders__v1,
  refunds__v1,
  countries__v1,
  spent__v1,
  spread__v1,
  last_country__v1,
  refund_rate__v1,
  CAST('2024-03-08' AS DATE) AS window_start,
  CAST('2024-03-15' AS DATE) AS window_end,
  TRUE AS window_complete,
  NOT refunds__v1 IS NULL AND NOT orders__v1 IS NULL AND refund_rate__v1 IS NULL AS lost__refund_rate__v1,
  sum_amount_f5a139__known AND sum_amount_f5a139__ IS NULL AS lost__spent__v1,
  stddev_amount_016989__known AND stddev_amount_016989__ IS NULL AS lost__spread__v1
FROM step_6
ORDER BY
  shop
