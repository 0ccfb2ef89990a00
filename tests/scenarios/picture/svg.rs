//! The drawing: four bands above one axis of time, and marks through all of them.

use std::fmt::Write as _;

use super::{Story, Told};
use crate::table::Verdict;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 462.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 888.0;
/// Baselines of the marks' names, one beneath the other.
const ROWS: [f64; 3] = [15.0, 30.0, 45.0];
/// Top and bottom of each band.
const AGAIN: (f64, f64) = (74.0, 154.0);
const VOTES: (f64, f64) = (182.0, 302.0);
const AT_FAULT: (f64, f64) = (330.0, 370.0);
const VERDICTS: (f64, f64) = (396.0, 416.0);
/// Baselines of verdicts too short for their names, and of the axis.
const ASIDE: f64 = 430.0;
const AXIS: f64 = 452.0;

const INK: &str = "#1f2933";
const FAINT: &str = "#6b7785";
const PUBLIC: &str = "#c2410c";
const PRIVATE: &str = "#1d4ed8";
/// About the width of a letter, at 11 px.
const LETTER: f64 = 6.4;

struct Picture<'a> {
    story: &'a Story,
    /// What the axis counts from, and its end, seconds after the first tick.
    zero: f64,
    length: f64,
    text: String,
}

/// The whole picture.
pub(super) fn picture(story: &Story) -> String {
    let length = story.ticks.last().map_or(1.0, |tick| tick.at.max(1.0));
    let mut picture = Picture {
        story,
        zero: story.fault.map_or(0.0, |(from, _)| from),
        length,
        text: String::new(),
    };
    picture.head();
    picture.marks();
    picture.again();
    picture.votes();
    picture.at_fault();
    picture.verdicts();
    picture.axis();
    picture.text.push_str("</svg>\n");
    picture.text
}

impl Picture<'_> {
    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(element);
        self.text.push('\n');
    }

    fn write(&mut self, (x, y): (f64, f64), anchor: &str, colour: &str, text: &str) {
        self.put(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{colour}">{text}</text>"#
        ));
    }

    fn line(&mut self, (from, to): ((f64, f64), (f64, f64)), style: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.put(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" {style}/>"#
        ));
    }

    fn x(&self, at: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (at / self.length).min(1.0)
    }

    fn head(&mut self) {
        self.put(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="11">
<title>How evidence gathers on one address, and what is told of it</title>
<style>text{{paint-order:stroke;stroke:white;stroke-width:3px;stroke-linejoin:round}}.in{{stroke:none}}</style>
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>"#
        ));
        if let Some((from, until)) = self.story.fault {
            let (x, width) = (self.x(from), self.x(until) - self.x(from));
            for (top, bottom) in [AGAIN, VOTES, AT_FAULT] {
                let height = bottom - top;
                self.put(format_args!(
                    r##"<rect x="{x:.1}" y="{top}" width="{width:.1}" height="{height}" fill="#fdecea"/>"##
                ));
            }
        }
    }

    /// Frame, name and scale of a band.
    fn band(&mut self, (top, bottom): (f64, f64), name: &str, scale: [(f64, String); 2]) {
        self.write((LEFT, top - 7.0), "start", INK, name);
        for (y, label) in scale {
            let style = r##"stroke="#d3dae1""##;
            self.line(((LEFT, y), (RIGHT, y)), style);
            self.write((LEFT - 6.0, y + 4.0), "end", FAINT, &label);
        }
        self.line(((LEFT, top), (LEFT, bottom)), r##"stroke="#9aa5b1""##);
    }

    /// One line through all ticks that have a value.
    fn curve(&mut self, colour: &str, extra: &str, y: impl Fn(&super::Tick) -> Option<f64>) {
        let mut path = String::new();
        let mut pen = 'M';
        for tick in &self.story.ticks {
            match y(tick) {
                Some(y) => {
                    let _ = write!(path, "{pen}{:.1} {y:.1}", self.x(tick.at));
                    pen = 'L';
                }
                None => pen = 'M',
            }
        }
        self.put(format_args!(
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-linejoin="round" {extra}/>"#
        ));
    }

    fn again(&mut self) {
        let shares = self.story.ticks.iter().flat_map(|tick| tick.again);
        let most = shares.flatten().fold(0.1, f64::max);
        let most = (most * 10.0).ceil() / 10.0;
        let y = |share: f64| AGAIN.1 - (AGAIN.1 - AGAIN.0) * share / most;
        let scale = [
            (y(0.0), "0 %".to_owned()),
            (y(most), format!("{:.0} %", most * 100.0)),
        ];
        self.band(AGAIN, "share of segments sent again, last 10 s", scale);
        let legend = [(PRIVATE, "private: the control group"), (PUBLIC, "public")];
        let mut x = RIGHT;
        for (side, (colour, name)) in legend.into_iter().enumerate() {
            self.write((x, AGAIN.0 - 7.0), "end", colour, name);
            x -= name.len() as f64 * LETTER + 4.0;
            self.curve(colour, r#"stroke-width="2""#, |tick| {
                tick.again[1 - side].map(y)
            });
        }
    }

    fn votes(&mut self) {
        let sums = self.story.ticks.iter().flat_map(|tick| tick.votes);
        let (least, most) = sums.fold((-5.0, 10.0), |(least, most), sum| {
            (sum.min(least), sum.max(most))
        });
        let (least, most): (f64, f64) = ((least / 5.0).floor() * 5.0, (most / 5.0).ceil() * 5.0);
        let y = |sum: f64| VOTES.1 - (VOTES.1 - VOTES.0) * (sum - least) / (most - least);
        let scale = [least, most].map(|sum| (y(sum), format!("{sum:+.0}")));
        let name = "votes of the networks, summed, nats: above 0 for a bad path, below 0 against";
        self.band(VOTES, name, scale);
        self.line(((LEFT, y(0.0)), (RIGHT, y(0.0))), r##"stroke="#9aa5b1""##);
        self.write((LEFT - 6.0, y(0.0) + 4.0), "end", FAINT, "0");
        let needed = |tick: &super::Tick| tick.needed.map(|sum| y(sum.clamp(least, most)));
        self.curve(FAINT, r#"stroke-dasharray="5 3""#, needed);
        for (side, colour) in [(1, PRIVATE), (0, PUBLIC)] {
            self.curve(colour, r#"stroke-width="2""#, |tick| {
                Some(y(tick.votes[side]))
            });
        }
        if let Some(y) = self.story.ticks.iter().find_map(needed) {
            self.write(
                (LEFT + 4.0, y - 5.0),
                "start",
                FAINT,
                "90 % sure from here on",
            );
        }
    }

    fn at_fault(&mut self) {
        let y = |p: f64| AT_FAULT.1 - (AT_FAULT.1 - AT_FAULT.0) * p;
        let scale = [(y(0.0), "0 %".to_owned()), (y(1.0), "100 %".to_owned())];
        let name = "confidence: probability that the public path is at fault";
        self.band(AT_FAULT, name, scale);
        self.curve(PUBLIC, r#"stroke-width="2""#, |tick| Some(y(tick.at_fault)));
    }

    fn verdicts(&mut self) {
        let of = |(at, told): &(f64, Told)| match told {
            Told::Verdict(verdict) => Some((*at, *verdict)),
            _ => None,
        };
        let told: Vec<(f64, Verdict)> = self.story.told.iter().filter_map(of).collect();
        self.write((LEFT, VERDICTS.0 - 7.0), "start", INK, "verdict");
        let ends = told.iter().skip(1).map(|(at, _)| *at);
        let ends: Vec<f64> = ends.chain([self.length]).collect();
        let mut free = LEFT;
        for ((at, verdict), end) in told.into_iter().zip(ends) {
            let (from, to) = (self.x(at), self.x(end));
            let (y, height, fill) = (VERDICTS.0, VERDICTS.1 - VERDICTS.0, colour(verdict));
            let (name, wide) = (verdict.name(), to - from);
            self.put(format_args!(
                r#"<rect x="{from:.1}" y="{y}" width="{wide:.1}" height="{height}" fill="{fill}" stroke="white"><title>{name}</title></rect>"#
            ));
            let width = name.len() as f64 * LETTER;
            let middle = f64::midpoint(from, to);
            if wide > width + 4.0 {
                self.put(format_args!(
                    r#"<text class="in" x="{middle:.1}" y="{:.1}" text-anchor="middle" fill="white">{name}</text>"#,
                    VERDICTS.1 - 6.0
                ));
                continue;
            }
            let x = (middle - width / 2.0).clamp(LEFT, RIGHT - width);
            // Where there is no room at all, the bar's own title has it.
            if x >= free {
                self.write((x + width / 2.0, ASIDE), "middle", fill, name);
                free = x + width + 6.0;
            }
        }
    }

    /// What happened, through all bands, with its second.
    fn marks(&mut self) {
        let mut marks: Vec<(f64, &str)> = Vec::new();
        if let Some((from, until)) = self.story.fault {
            marks.extend([(from, "the fault begins"), (until, "mended")]);
        }
        let mut collapsed = false;
        for (at, told) in &self.story.told {
            let name = match told {
                Told::Verdict(Verdict::Collapse) if !collapsed => {
                    collapsed = true;
                    "verdict"
                }
                Told::Verdict(Verdict::Recovering) => "well again",
                Told::Advice => "advice",
                Told::Closed => "incident closed",
                Told::Verdict(_) | Told::Opened => continue,
            };
            marks.push((*at, name));
        }
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut ends, mut names) = ([0.0; ROWS.len()], Vec::new());
        for (at, name) in marks {
            let x = self.x(at);
            let name = format!("{:.0} s: {name}", at - self.zero);
            let width = name.len() as f64 * LETTER + 8.0;
            let (from, anchor, place) = if x + width > WIDTH {
                (x - width, "end", x - 4.0)
            } else {
                (x, "start", x + 4.0)
            };
            let free = ends.iter().position(|end| *end <= from);
            let row = free.unwrap_or(ROWS.len() - 1);
            ends[row] = from + width;
            let style = format!(r#"stroke="{INK}" stroke-dasharray="2 3""#);
            self.line(((x, ROWS[row] - 10.0), (x, VERDICTS.0)), &style);
            names.push(((place, ROWS[row]), anchor, name));
        }
        for (place, anchor, name) in names {
            self.write(place, anchor, INK, &name);
        }
    }

    fn axis(&mut self) {
        let mut at = self.zero.rem_euclid(30.0);
        while at <= self.length {
            let label = format!("{:.0} s", at - self.zero);
            let x = self.x(at).min(RIGHT - 8.0);
            self.write((x, AXIS), "middle", FAINT, &label);
            at += 30.0;
        }
    }
}

const fn colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy | Verdict::Recovering => "#15803d",
        Verdict::Insufficient => "#6b7785",
        Verdict::Client | Verdict::Private | Verdict::Congestion => "#1d4ed8",
        Verdict::Suspect | Verdict::Partial | Verdict::Silent => "#a16207",
        Verdict::Collapse | Verdict::NoControl | Verdict::Host => "#b91c1c",
    }
}
