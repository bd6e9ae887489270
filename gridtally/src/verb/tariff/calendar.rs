//! `gridtally tariff calendar`: the prices of a kilowatt-hour by month and hour, as a picture of letters.

use std::path::Path;

use chrono::NaiveDate;
use serde_json::{Value, json};
use tariff_engine::{Beside, Hour, Picture, Price};

use super::{read, wrong};
use crate::cli::Format;
use crate::error::CommandError;
use crate::output::{self, Column};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// Letters of prices, cheapest first and those of values last; more prices than that share the last.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HOURS: &[Column] = &[
    ("DAYS", "days"),
    ("MONTH", "month"),
    ("HOUR", "hour"),
    ("PRICE", "price"),
    ("NAME", "name"),
    ("CHANGES", "changes"),
    ("NOT_IN_PICTURE", "not_in_picture"),
];
/// Why a charge is not in the picture that is no price of imported energy by the clock.
const OTHER: &str = "no price of imported energy by the clock";

pub(super) fn run(file: &Path, on: Option<NaiveDate>, format: Format) -> Result<(), CommandError> {
    let picture = Picture::of(&read(file)?, on).map_err(|problems| wrong(file, &problems))?;
    if format == Format::Table {
        return output::bytes(draw(&picture).as_bytes());
    }
    output::list(format, HOURS, &rows(&picture))
}

/// Every hour of every page, and a row without hours for whatever is not in the picture.
pub(super) fn rows(picture: &Picture) -> Vec<Value> {
    let beside = |beside: &Beside| json!({"days": [], "name": beside.name, "not_in_picture": beside.reason.as_deref().unwrap_or(OTHER)});
    let mut rows = Vec::new();
    for page in &picture.pages {
        for (month, hours) in (1_u32..).zip(&page.hours) {
            for (number, hour) in (0_u32..).zip(hours) {
                let price = picture.prices.get(hour.price);
                rows.push(json!({
                    "days": page.days, "month": month, "hour": number, "changes": hour.changes,
                    "price": price.map(Price::text), "name": price.map(|price| price.name.clone()),
                }));
            }
        }
    }
    rows.extend(picture.beside.iter().map(beside));
    rows
}

/// `e.peak (its hours depend on events peak)`.
fn beside(beside: &Beside) -> String {
    match &beside.reason {
        Some(reason) => format!("{} ({reason})", beside.name),
        None => beside.name.clone(),
    }
}

/// A line for every month, a letter for every hour; below, what the letters mean.
pub(super) fn draw(picture: &Picture) -> String {
    let mut order: Vec<usize> = (0..picture.prices.len()).collect();
    let rank = |price: &Price| (!price.values.is_empty(), price.rate.clone());
    order.sort_by_key(|index| picture.prices.get(*index).map(rank));
    let letter = |price: usize| {
        let rank = order.iter().position(|index| *index == price);
        rank.and_then(|rank| LETTERS.chars().nth(rank)).unwrap_or('Z')
    };
    let mut text = String::new();
    let mut put = |line: String| {
        text.push_str(line.trim_end());
        text.push('\n');
    };
    let mut some_change = false;
    for page in &picture.pages {
        put(page.days.join(" "));
        let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
        put(format!("     {}", hours.join(" ")));
        for (month, hours) in MONTHS.iter().zip(&page.hours) {
            let mut line = format!("{month}  ");
            for Hour { price, changes } in hours {
                some_change |= *changes;
                line.push(letter(*price));
                line.push_str(if *changes { "* " } else { "  " });
            }
            put(line);
        }
        put(String::new());
    }
    for index in &order {
        if let Some(price) = picture.prices.get(*index) {
            put(format!("{}  {}  {}", letter(*index), price.text(), price.name));
        }
    }
    if some_change {
        put("*  another price begins within the hour".to_owned());
    }
    if !picture.beside.is_empty() {
        let beside: Vec<String> = picture.beside.iter().map(beside).collect();
        put(format!("not in the picture: {}", beside.join(", ")));
    }
    text
}
