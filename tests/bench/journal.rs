//! A journal of very many transmissions, written by the database itself.

use std::path::Path;

use sqlx::Connection as _;

/// So many are journalled in one statement.
const CHUNK: i64 = 250_000;

/// One a minute, the last today. A third is the large partner's, whose documents are called so; all else is spread by a
/// mixed number.
const FILL: &str = "
    WITH RECURSIVE counted (n) AS (SELECT FIRST UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < LAST),
    mixed AS (SELECT n, n * 2654435761 % 4294967296 AS m FROM counted),
    told AS (SELECT n, m, m % 10 AS d, m / 16 % 100 AS p, m / 4096 % 1000 AS v,
        CASE WHEN n % 3 = 0 THEN 'amazon-us' ELSE printf('partner-%03d', m / 64 % 200) END AS connection,
        CASE m / 32 % 5 WHEN 0 THEN '850' WHEN 1 THEN '856' WHEN 2 THEN '810' WHEN 3 THEN 'ORDERS' ELSE 'INVOIC' END AS kind
        FROM mixed)
    INSERT INTO transmissions (id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, failed,
        cause, document, document_type, control_numbers, receipt_ms)
    SELECT printf('%016x%016x', n, m * 4294967291), printf('<%08x-%04x-7%03x-%012x@%s>', n, m % 65536, m % 4096, m * 65521,
            CASE WHEN d < 7 THEN 'ACMEVC' ELSE upper(connection) END),
        (1735689600 + n * 60) * 1000000000 + m % 1000000000,
        CASE WHEN d < 7 THEN 'outbound' ELSE 'inbound' END, connection,
        CASE WHEN p < 90 THEN 'production' ELSE 'test' END,
        printf('%s_%s_%07d.edi', kind, CASE WHEN n % 3 = 0 THEN 'amazon' ELSE 'order' END, n),
        100 + m % 10 * m % 3000000,
        CASE WHEN v < 20 THEN CASE WHEN d < 7 THEN 'failed' ELSE 'refused' END WHEN v < 25 THEN 'uncertain'
            WHEN d < 7 THEN 'delivered' ELSE 'received' END,
        v < 20,
        CASE WHEN v < 10 THEN 'MIC mismatch' WHEN v < 20 THEN 'The partner could not decrypt it'
            WHEN v < 25 THEN 'No answer in time' WHEN d < 7 THEN 'Delivered' ELSE 'Received' END,
        '{}', kind, printf('%09d %d %04d', n, n % 100000, m % 10000),
        CASE WHEN d < 7 AND v >= 25 THEN 100 + m % 3000 END
    FROM told";

/// Fills a workspace that exists.
pub(crate) async fn fill(folder: &Path, number: i64) {
    sqlx::any::install_default_drivers();
    let address = format!("sqlite:{}", folder.join("countersign.sqlite").display());
    let mut connection = sqlx::AnyConnection::connect(&address).await.unwrap();
    let mut first = 0;
    while first < number {
        let last = (first + CHUNK).min(number);
        let text = FILL.replace("FIRST", &first.to_string()).replace("LAST", &last.to_string());
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        first = last;
    }
    connection.close().await.unwrap();
}
