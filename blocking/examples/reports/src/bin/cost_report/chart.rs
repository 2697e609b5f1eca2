//! One drawing for both formats. Amounts become floats here, and only for where they stand on the picture.

use std::{fs::File, path::Path};

use plotters::{
    coord::Shift,
    prelude::{
        BitMapBackend, DrawingArea, DrawingBackend, FontTransform, IntoDrawingArea, IntoFont,
        PathElement, RGBColor, Rectangle, SVGBackend, TextStyle, WHITE,
    },
    style::{
        Color,
        text_anchor::{HPos, Pos, VPos},
    },
};
use rust_decimal::prelude::ToPrimitive;
use tc3_blocking::Yuan;
use tc3_example_support::Result;
use unicode_width::UnicodeWidthChar;

use crate::{
    costs::{Costs, Product},
    font::{self, Font},
    scale::Scale,
    table::share,
};

/// How many products can be told apart at most.
pub(crate) const MOST: i64 = 10;

const SIZE: (i32, i32) = (1280, 720);
/// How many pixels of the PNG are one of the SVG.
const PIXELS: i32 = 2;
/// The families that the SVG asks for; whoever shows it has them or not.
const FAMILIES: &str = "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', \
    'WenQuanYi Micro Hei', 'DejaVu Sans', sans-serif";

const COLORS: [RGBColor; MOST as usize] = [
    RGBColor(78, 121, 167),
    RGBColor(242, 142, 43),
    RGBColor(89, 161, 79),
    RGBColor(225, 87, 89),
    RGBColor(118, 183, 178),
    RGBColor(237, 201, 72),
    RGBColor(176, 122, 161),
    RGBColor(255, 157, 167),
    RGBColor(156, 117, 95),
    RGBColor(31, 119, 180),
];
const OTHERS: RGBColor = RGBColor(186, 176, 172);
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(224, 224, 224);

const BOTTOM: i32 = SIZE.1 - 64;
/// From this width of a month on, its change stands upright above its bar without touching the next.
const WIDE: f64 = 72.0;
/// Below this one it has no room at all.
const NARROW: f64 = 18.0;
const CENTER: (HPos, VPos) = (HPos::Center, VPos::Center);
/// How many columns of a terminal a name in the legend may have.
const NAME_COLUMNS: usize = 24;

/// Costs as stacked bars, a bar a month.
pub(crate) struct Chart<'c> {
    costs: &'c Costs,
    /// From the bottom of a bar to its top.
    bands: Vec<(Product, RGBColor)>,
}

impl<'c> Chart<'c> {
    /// The `top` costliest products, and the others as one.
    pub(crate) fn new(costs: &'c Costs, top: usize) -> Result<Self> {
        let (shown, others) = costs.products.split_at(top.min(costs.products.len()));
        let mut bands: Vec<_> = shown.iter().cloned().zip(COLORS).collect();
        if !others.is_empty() {
            let name = format!("{} others", others.len());
            let others = Product::sum(&name, &name, others, costs.months.len())?;
            bands.push((others, OTHERS));
        }
        Ok(Self { costs, bands })
    }

    /// Draws it with the texts as texts.
    pub(crate) fn svg(&self) -> Result<String> {
        let mut svg = String::new();
        let size = (SIZE.0 as u32, SIZE.1 as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let canvas = Canvas {
            area,
            pixels: 1,
            family: FAMILIES,
        };
        self.draw(&canvas, |product| &product.name)?;
        drop(canvas);
        Ok(svg)
    }

    /// Draws it in pixels, with the products' names if the font has them, else with their codes.
    pub(crate) fn png(&self, font: &Font, path: &Path) -> Result<()> {
        let size = (SIZE.0 as u32 * PIXELS as u32, SIZE.1 as u32 * PIXELS as u32);
        let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
        let canvas = Canvas {
            area: BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area(),
            pixels: PIXELS,
            family: font::NAME,
        };
        let lacking = self.bands.iter().find(|(band, _)| !font.has(&band.name));
        match lacking {
            Some((band, _)) => {
                Font::regret(&band.name);
                self.draw(&canvas, |product| &product.code)?;
            }
            None => self.draw(&canvas, |product| &product.name)?,
        }
        drop(canvas);
        let mut encoder = png::Encoder::new(File::create(path)?, size.0, size.1);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        Ok(writer.finish()?)
    }

    fn draw<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        name: impl Fn(&Product) -> &str,
    ) -> Result<()> {
        canvas
            .area
            .fill(&WHITE)
            .map_err(|error| error.to_string())?;
        let (first, last) = (
            self.costs.months[0],
            self.costs.months[self.costs.months.len() - 1],
        );
        let span = if first == last {
            format!("in {first}")
        } else {
            format!("from {first} to {last}")
        };
        let title = format!("Costs by product {span}, in yuan, after discounts");

        let right = self.legend(canvas, name)?;
        let mut scale = Scale::new(self.ends(), (100, BOTTOM));
        let labels: Vec<_> = scale.ticks().map(|tick| scale.label(tick)).collect();
        let longest = labels.iter().map(String::len).max().unwrap_or(0) as i32;
        let left = (longest * 8 + 24).max(100);
        let slot = f64::from(right - left) / self.costs.months.len() as f64;
        if slot < WIDE {
            // Changes that run upward take more room.
            scale = Scale::new(self.ends(), (130, BOTTOM));
        }
        let words = "Above each bar: the change against the month before";
        canvas.text(&title, (left, 30), 22, (HPos::Left, VPos::Center))?;
        if slot >= NARROW && self.costs.months.len() > 1 {
            canvas.text(words, (left, 58), 14, (HPos::Left, VPos::Center))?;
        }
        for (tick, label) in scale.ticks().zip(&labels) {
            let y = scale.y(tick);
            canvas.line([(left, y), (right, y)], FAINT)?;
            canvas.text(label, (left - 10, y), 14, (HPos::Right, VPos::Center))?;
        }
        for at in 0..self.costs.months.len() {
            let middle = f64::from(left) + slot * (at as f64 + 0.5);
            self.bar(canvas, &scale, at, middle, slot)?;
        }
        let zero = scale.y(0.0);
        canvas.line([(left, zero), (right, zero)], INK)?;
        canvas.area.present().map_err(|error| error.to_string())?;
        Ok(())
    }

    /// A month's bar, its change above it, its name below it.
    fn bar<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        scale: &Scale,
        at: usize,
        middle: f64,
        slot: f64,
    ) -> Result<()> {
        let half = (slot * 0.36).min(44.0);
        let sides = (
            (middle - half).round() as i32,
            (middle + half).round() as i32,
        );
        let (mut up, mut down) = (0.0, 0.0);
        for (band, color) in &self.bands {
            let cost = float(band.costs[at]);
            let from = if cost < 0.0 { &mut down } else { &mut up };
            let (y, next) = (scale.y(*from), scale.y(*from + cost));
            *from += cost;
            if y != next {
                canvas.filled([(sides.0, y.min(next)), (sides.1, y.max(next))], *color)?;
            }
        }
        let middle = middle.round() as i32;
        let above = (middle, scale.y(up) - 6);
        let change = change(&self.costs.whole.change(at));
        // Lines of the scale don't run through it.
        let length = change.chars().count() as i32 * 7;
        if slot >= WIDE {
            let (left, right) = (middle - length / 2, middle + length / 2);
            canvas.filled([(left, above.1 - 16), (right, above.1 + 2)], WHITE)?;
            canvas.text(&change, (middle, above.1 - 7), 14, CENTER)?;
        } else if slot >= NARROW {
            canvas.filled(
                [(middle - 8, above.1 - length), (middle + 8, above.1)],
                WHITE,
            )?;
            canvas.upward(&change, above, 13)?;
        }

        let month = self.costs.months[at];
        let every = (NARROW / slot).ceil().max(1.0) as usize;
        if at.is_multiple_of(every) {
            let label = format!("{:02}", month.month());
            canvas.text(&label, (middle, BOTTOM + 16), 14, CENTER)?;
        }
        // A year that begins before the first month is named there, unless the next one is too close.
        let left = f64::from(13 - month.month()) * slot;
        let begins = month.month() == 1 || at == 0 && left >= 44.0;
        if begins {
            let label = format!("{}", month.year());
            canvas.text(&label, (middle, BOTTOM + 38), 14, CENTER)?;
        }
        Ok(())
    }

    /// Names the colours, in the order of a bar, and returns where the plot has its right end.
    fn legend<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        name: impl Fn(&Product) -> &str,
    ) -> Result<i32> {
        let names: Vec<(String, usize)> =
            self.bands.iter().map(|(band, _)| cut(name(band))).collect();
        let columns = names.iter().map(|(_, columns)| *columns).max().unwrap_or(0) as i32;
        let begins = SIZE.0 - (24 + columns * 8 + 90);
        for (row, ((band, color), (name, _))) in self.bands.iter().zip(&names).rev().enumerate() {
            let y = 100 + row as i32 * 28;
            canvas.filled([(begins, y - 8), (begins + 16, y + 8)], *color)?;
            canvas.text(name, (begins + 24, y), 15, (HPos::Left, VPos::Center))?;
            let share = format!("{} %", share(band, self.costs));
            canvas.text(&share, (SIZE.0 - 16, y), 14, (HPos::Right, VPos::Center))?;
        }
        Ok(begins - 24)
    }

    /// The lowest and the highest end of all bars.
    fn ends(&self) -> (f64, f64) {
        let (mut lowest, mut highest) = (0.0_f64, 0.0_f64);
        for at in 0..self.costs.months.len() {
            let costs = self.bands.iter().map(|(band, _)| float(band.costs[at]));
            let (up, down): (Vec<f64>, Vec<f64>) = costs.partition(|cost| *cost > 0.0);
            highest = highest.max(up.iter().sum());
            lowest = lowest.min(down.iter().sum());
        }
        (lowest, highest)
    }
}

/// What is drawn on, in pixels of the SVG.
struct Canvas<'f, B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    pixels: i32,
    family: &'f str,
}

impl<B: DrawingBackend> Canvas<'_, B> {
    fn at(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.pixels, y * self.pixels)
    }

    fn filled(&self, corners: [(i32, i32); 2], color: RGBColor) -> Result<()> {
        let corners = corners.map(|corner| self.at(corner));
        let drawn = self.area.draw(&Rectangle::new(corners, color.filled()));
        Ok(drawn.map_err(|error| error.to_string())?)
    }

    fn line(&self, ends: [(i32, i32); 2], color: RGBColor) -> Result<()> {
        let ends = ends.map(|end| self.at(end));
        let style = color.stroke_width(self.pixels as u32);
        let drawn = self.area.draw(&PathElement::new(ends, style));
        Ok(drawn.map_err(|error| error.to_string())?)
    }

    fn text(&self, text: &str, at: (i32, i32), size: i32, (h, v): (HPos, VPos)) -> Result<()> {
        let style = self.style(size).pos(Pos::new(h, v));
        // In pixels a line's middle is taken from its box, which is higher than that of the letters.
        let lower = size * (self.pixels - 1) / 9;
        let (x, y) = self.at(at);
        let drawn = self.area.draw_text(text, &style, (x, y + lower));
        Ok(drawn.map_err(|error| error.to_string())?)
    }

    /// A text that runs from the bottom up.
    fn upward(&self, text: &str, at: (i32, i32), size: i32) -> Result<()> {
        let style = self.style(size).pos(Pos::new(HPos::Left, VPos::Center));
        let style = style.transform(FontTransform::Rotate270);
        let drawn = self.area.draw_text(text, &style, self.at(at));
        Ok(drawn.map_err(|error| error.to_string())?)
    }

    fn style(&self, size: i32) -> TextStyle<'_> {
        // Plotters takes a line's height, which is about that much more than the size.
        let height = f64::from(size * self.pixels) * 1.24;
        TextStyle::from((self.family, height).into_font()).color(&INK)
    }
}

/// A change as it stands above a bar: short, whatever it is.
fn change(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(percent) if percent.abs() >= 1_000.0 => {
            format!("{}999 %", if percent > 0.0 { ">+" } else { "<-" })
        }
        Ok(_) => format!("{text} %"),
        Err(_) if text == "-" => String::new(),
        Err(_) => text.into(),
    }
}

/// A name as far as the legend has room, and how many columns that is.
fn cut(name: &str) -> (String, usize) {
    let (mut short, mut columns) = (String::new(), 0);
    for c in name.chars() {
        let width = c.width().unwrap_or(0);
        if columns + width > NAME_COLUMNS {
            short.push('…');
            return (short, columns + 1);
        }
        short.push(c);
        columns += width;
    }
    (short, columns)
}

fn float(amount: Yuan) -> f64 {
    amount.get().to_f64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use tc3_blocking::Month;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    /// The corners of a text, by a generous guess of its width.
    fn texts(svg: &str) -> Vec<(String, [f64; 4])> {
        let texts = svg.split("<text ").skip(1).map(|rest| {
            let (head, tail) = rest.split_once('>').unwrap();
            let words = tail.split_once("</text>").unwrap().0.trim().to_owned();
            let attribute = |name: &str| {
                let (_, value) = head
                    .split_once(&format!(" {name}=\""))
                    .unwrap_or(("", head));
                value
                    .trim_start_matches("x=\"")
                    .split('"')
                    .next()
                    .unwrap()
                    .to_owned()
            };
            let number = |name: &str| attribute(name).parse::<f64>().unwrap();
            let (x, y, size) = (number("x"), number("y"), number("font-size"));
            let width = words.width() as f64 * size * 0.55;
            let (left, right) = match attribute("text-anchor").as_str() {
                "start" => (x, x + width),
                "end" => (x - width, x),
                _ => (x - width / 2.0, x + width / 2.0),
            };
            let corners = if head.contains("rotate(270") {
                [x - size / 2.0, y - width, x + size / 2.0, y]
            } else {
                [left, y - size / 2.0, right, y + size / 2.0]
            };
            (words, corners)
        });
        texts.collect()
    }

    fn costs(months: i16, product: impl Fn(i16, i16) -> Decimal) -> Costs {
        let months: Vec<_> = (0..months)
            .map(|at| Month::new(2021 + at / 12, (at % 12 + 1) as i8).unwrap())
            .collect();
        let products = (0..14).map(|number| {
            let costs = (0..months.len() as i16).map(|at| Yuan::new(product(number, at)));
            let name = if number == 3 {
                "一个名字很长很长很长很长的产品"
            } else {
                "云服务器CVM"
            };
            Product::new(format!("p_{number}"), name.into(), costs.collect()).unwrap()
        });
        let products: Vec<_> = products.collect();
        Costs {
            whole: Product::sum("", "Total", &products, months.len()).unwrap(),
            months,
            products,
            differences: Vec::new(),
        }
    }

    #[test]
    fn no_text_touches_another_or_the_edge() {
        for months in [1, 2, 11, 12, 13, 24, 36, 48, 60, 120] {
            for top in [1, 10] {
                for size in [
                    Decimal::new(1, 8),
                    Decimal::ONE,
                    Decimal::from(123_456_789_012_i64),
                ] {
                    // Some products give money back, and months differ a lot.
                    let costs = costs(months, |number, at| {
                        size * Decimal::from((number - 2) * (at % 3 * 40 + 1))
                    });
                    let svg = Chart::new(&costs, top).unwrap().svg().unwrap();
                    let texts = texts(&svg);
                    let named = texts.iter().filter(|(text, _)| text == "2021").count();
                    assert_eq!(named, 1, "{months} months");
                    for (at, (text, [left, above, right, below])) in texts.iter().enumerate() {
                        let inside =
                            *left >= 0.0 && *above >= 0.0 && *right <= 1280.0 && *below <= 720.0;
                        assert!(inside, "{text} of {months} months, {size}");
                        for (other, [l, a, r, b]) in &texts[at + 1..] {
                            let apart = right <= l || r <= left || below <= a || b <= above;
                            assert!(apart, "{text} and {other} of {months} months, {size}");
                        }
                    }
                }
            }
        }
    }
}
