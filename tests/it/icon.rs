//! The program's icon: the pictures are what the drawing says. `UPDATE_ICONS=1` draws them anew.
//!
//! The drawing has rectangles with round corners and lines with round ends, and nothing else, so that it can be drawn here
//! without a renderer of SVG.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use roxmltree::Node;

const SIZES: [u32; 4] = [32, 48, 128, 256];

/// What the drawing is measured in.
const WHOLE: f32 = 256.0;

fn icons() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/icons")
}

/// A shape: how far a point is outside it, and its colour.
struct Shape {
    outside: Box<dyn Fn(f32, f32) -> f32>,
    colour: [f32; 3],
}

fn number(node: Node<'_, '_>, name: &str) -> f32 {
    node.attribute(name).unwrap_or_else(|| panic!("{node:?} has no {name}")).parse().unwrap()
}

fn colour(text: &str) -> [f32; 3] {
    let hex = u32::from_str_radix(text.strip_prefix('#').unwrap(), 16).unwrap();
    [16, 8, 0].map(|shift| ((hex >> shift) & 0xff) as f32 / 255.0)
}

fn shapes(text: &str) -> Vec<Shape> {
    let drawing = roxmltree::Document::parse(text).unwrap();
    let mut found = Vec::new();
    for node in drawing.descendants().filter(Node::is_element) {
        match node.tag_name().name() {
            "svg" | "g" | "title" => {}
            "rect" => {
                let (x, y, round) = (number(node, "x"), number(node, "y"), number(node, "rx"));
                let (half_width, half_height) = (number(node, "width") / 2.0, number(node, "height") / 2.0);
                let outside = move |at_x: f32, at_y: f32| {
                    let across = (at_x - x - half_width).abs() - half_width + round;
                    let down = (at_y - y - half_height).abs() - half_height + round;
                    across.max(0.0).hypot(down.max(0.0)) + across.max(down).min(0.0) - round
                };
                found.push(Shape { outside: Box::new(outside), colour: colour(node.attribute("fill").unwrap()) });
            }
            "polyline" => {
                let points: Vec<[f32; 2]> = node
                    .attribute("points")
                    .unwrap()
                    .split_whitespace()
                    .map(|point| {
                        let (x, y) = point.split_once(',').unwrap();
                        [x.parse().unwrap(), y.parse().unwrap()]
                    })
                    .collect();
                let half = number(node, "stroke-width") / 2.0;
                let outside = move |x: f32, y: f32| {
                    let apart = points.windows(2).map(|ends| {
                        let ([from_x, from_y], [to_x, to_y]) = (ends[0], ends[1]);
                        let (along_x, along_y) = (to_x - from_x, to_y - from_y);
                        let way =
                            ((x - from_x) * along_x + (y - from_y) * along_y) / (along_x.powi(2) + along_y.powi(2));
                        let way = way.clamp(0.0, 1.0);
                        (x - from_x - way * along_x).hypot(y - from_y - way * along_y)
                    });
                    apart.fold(f32::INFINITY, f32::min) - half
                };
                found.push(Shape { outside: Box::new(outside), colour: colour(node.attribute("stroke").unwrap()) });
            }
            other => panic!("a {other} cannot be drawn here"),
        }
    }
    found
}

/// Draws it with that many pixels a side, as RGBA.
fn drawn(shapes: &[Shape], size: u32) -> Vec<u8> {
    let scale = WHOLE / size as f32;
    let mut pixels = Vec::new();
    for row in 0..size {
        for column in 0..size {
            let (x, y) = ((column as f32 + 0.5) * scale, (row as f32 + 0.5) * scale);
            let (mut ink, mut alpha) = ([0.0; 3], 0.0);
            for shape in shapes {
                let over = (0.5 - (shape.outside)(x, y) / scale).clamp(0.0, 1.0);
                let sum = over + alpha * (1.0 - over);
                if sum > 0.0 {
                    for (part, of) in ink.iter_mut().zip(shape.colour) {
                        *part = (of * over + *part * alpha * (1.0 - over)) / sum;
                    }
                }
                alpha = sum;
            }
            pixels.extend([ink[0], ink[1], ink[2], alpha].map(|part| (part * 255.0).round() as u8));
        }
    }
    pixels
}

/// As a file (PNG, third edition).
fn png(pixels: &[u8], size: u32) -> Vec<u8> {
    let mut rows = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for row in pixels.chunks(size as usize * 4) {
        rows.write_all(&[0]).unwrap();
        rows.write_all(row).unwrap();
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let head = [&size.to_be_bytes()[..], &size.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    for (kind, content) in [(b"IHDR", head), (b"IDAT", rows.finish().unwrap()), (b"IEND", Vec::new())] {
        let mut check = flate2::Crc::new();
        check.update(kind);
        check.update(&content);
        file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        file.extend(kind);
        file.extend(content);
        file.extend(check.sum().to_be_bytes());
    }
    file
}

#[test]
fn the_pictures_of_the_icon_are_what_its_drawing_says() {
    let shapes = shapes(&std::fs::read_to_string(icons().join("countersign.svg")).unwrap());
    for size in SIZES {
        let (file, wanted) = (icons().join(format!("countersign-{size}.png")), drawn(&shapes, size));
        if std::env::var_os("UPDATE_ICONS").is_some() {
            std::fs::write(&file, png(&wanted, size)).unwrap();
        }
        let icon = eframe::icon_data::from_png_bytes(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!((icon.width, icon.height), (size, size));
        // What cannot be seen has no colour.
        let apart = |(one, other): (&[u8], &[u8])| {
            let invisible = one[3] < 8 && other[3] < 8;
            !invisible && one.iter().zip(other).any(|(one, other)| one.abs_diff(*other) > 2)
        };
        let wrong = icon.rgba.chunks(4).zip(wanted.chunks(4)).filter(|pair| apart(*pair)).count();
        assert_eq!(wrong, 0, "{} is not what the drawing says; UPDATE_ICONS=1 draws it anew", file.display());
    }
}

#[test]
fn its_colours_are_those_of_the_window() {
    let drawing = std::fs::read_to_string(icons().join("countersign.svg")).unwrap();
    for (colour, token) in [("#2f5bd0", "0x2f_5b_d0"), ("#8aa9ff", "0x8a_a9_ff")] {
        assert!(drawing.contains(colour));
        assert!(include_str!("../../src/ui/theme.rs").contains(token), "{colour} is none of the theme's");
    }
}
