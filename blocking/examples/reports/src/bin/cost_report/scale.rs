/// Where amounts stand.
pub(crate) struct Scale {
    step: f64,
    /// In steps.
    lowest: i64,
    highest: i64,
    top: i32,
    bottom: i32,
}

impl Scale {
    /// From the lowest to the highest amount that is shown, between `top` and `bottom` of the plot.
    ///
    /// Steps of 1, 2 or 5 and noughts, about six of them.
    pub(crate) fn new((lowest, highest): (f64, f64), (top, bottom): (i32, i32)) -> Self {
        let highest = if highest > lowest {
            highest
        } else {
            lowest + 1.0
        };
        let span = highest - lowest;
        let power = 10_f64.powf((span / 6.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let step = steps.into_iter().find(|step| span / step <= 7.0);
        let step = step.unwrap_or(power * 10.0);
        Self {
            step,
            lowest: (lowest / step).floor() as i64,
            highest: (highest / step).ceil() as i64,
            top,
            bottom,
        }
    }

    pub(crate) fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.lowest..=self.highest).map(|tick| tick as f64 * self.step)
    }

    pub(crate) fn y(&self, yuan: f64) -> i32 {
        let (lowest, highest) = (
            self.lowest as f64 * self.step,
            self.highest as f64 * self.step,
        );
        let part = (yuan - lowest) / (highest - lowest);
        self.bottom - (part * f64::from(self.bottom - self.top)).round() as i32
    }

    /// As many decimals as the step needs, and a comma every three digits.
    pub(crate) fn label(&self, tick: f64) -> String {
        let decimals = (-self.step.log10().floor()).max(0.0) as usize;
        let text = format!("{:.decimals$}", tick.abs());
        let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
        let mut label = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                label.push(',');
            }
            label.push(digit);
        }
        let sign = if tick < 0.0 { "-" } else { "" };
        format!("{sign}{label}{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_all_bars() {
        for (lowest, highest, expected) in [
            (
                0.0,
                921_579.0,
                "0 200,000 400,000 600,000 800,000 1,000,000",
            ),
            (-70.0, 0.0, "-70 -60 -50 -40 -30 -20 -10 0"),
            (-30.0, 70.0, "-40 -20 0 20 40 60 80"),
            (0.0, 0.0, "0.0 0.2 0.4 0.6 0.8 1.0"),
            (0.0, 0.05, "0.00 0.01 0.02 0.03 0.04 0.05"),
        ] {
            let scale = Scale::new((lowest, highest), (100, 600));
            let labels: Vec<_> = scale.ticks().map(|tick| scale.label(tick)).collect();
            assert_eq!(labels.join(" "), expected);
            assert!(scale.y(highest) >= 100 && scale.y(lowest) <= 600);
        }
    }
}
