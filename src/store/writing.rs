//! A statement that is put together: its text is the caller's own words, and every value is an argument.

use super::session::Statement;

/// An argument of a statement.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// A statement as it is put together: its text is this file's own, every value is an argument.
#[derive(Debug, Default)]
pub(super) struct Writing {
    values: Vec<Value>,
    pub(super) conditions: Vec<String>,
}

impl Writing {
    /// The place of an argument.
    pub(super) fn argument(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    pub(super) fn text(&mut self, text: &str) -> String {
        self.argument(Value::Text(text.to_owned()))
    }

    pub(super) fn number(&mut self, number: i64) -> String {
        self.argument(Value::Number(number))
    }

    pub(super) fn and(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// The conditions so far.
    pub(super) fn wheres(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!(" WHERE {}", self.conditions.join(" AND ")) }
    }

    pub(super) fn statement(self, text: String) -> Statement {
        let mut statement: Statement = sqlx::query(sqlx::AssertSqlSafe(text));
        for value in self.values {
            statement = match value {
                Value::Text(text) => statement.bind(text),
                Value::Number(number) => statement.bind(number),
            };
        }
        statement
    }
}
