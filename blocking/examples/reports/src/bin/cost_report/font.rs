use std::{
    env, fs,
    path::{Path, PathBuf},
};

use ab_glyph::{Font as _, FontRef};
use plotters::style::{FontStyle, register_font};
use tc3_example_support::{Result, say};

/// What [`Font`] is known by to plotters.
pub(crate) const NAME: &str = "report";

/// Beginnings of the names of fonts with Chinese characters, in lower case, the ones to prefer first.
const CHINESE: [&str; 14] = [
    "notosanscjk-regular",
    "notosanscjksc-regular",
    "notosanssc",
    "sourcehansanssc",
    "sourcehansans-regular",
    "sourcehansanscn",
    "wqy-microhei",
    "wqy-zenhei",
    "pingfang",
    "hiragino sans gb",
    "stheiti",
    "msyh",
    "simhei",
    "droidsansfallback",
];

/// Others to write with when there is none of those.
const LATIN: [&str; 5] = [
    "dejavusans.",
    "liberationsans-regular",
    "arial.",
    "helvetica.",
    "notosans-regular",
];

/// A font to draw texts with.
#[derive(Clone, Debug)]
pub(crate) struct Font {
    face: FontRef<'static>,
}

impl Font {
    /// The font of a file, or one that is installed: with Chinese characters, else any; `None` when there
    /// is none.
    pub(crate) fn find(given: Option<&Path>) -> Result<Option<Self>> {
        if let Some(path) = given {
            let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let font =
                Self::read(bytes).ok_or_else(|| format!("{}: it is no font", path.display()))?;
            return Ok(Some(font));
        }
        let mut installed = Vec::new();
        for folder in folders() {
            list(&folder, 6, &mut installed);
        }
        installed.sort();
        let ranks = CHINESE.iter().chain(&LATIN).chain(&[""]);
        let fonts = ranks.flat_map(|beginning| {
            let named = move |(name, _): &&(String, PathBuf)| name.starts_with(beginning);
            installed.iter().filter(named).map(|(_, path)| path)
        });
        // A family's other styles come to their turn only with the empty beginning.
        let fonts = fonts.filter_map(|path| Self::read(fs::read(path).ok()?));
        Ok(fonts.into_iter().next())
    }

    /// Makes a font known to plotters, which keeps it as long as the process lives.
    fn read(bytes: Vec<u8>) -> Option<Self> {
        FontRef::try_from_slice(&bytes).ok()?;
        let bytes: &'static [u8] = bytes.leak();
        let face = FontRef::try_from_slice(bytes).ok()?;
        let font = Self { face };
        if !font.has("2025-01") {
            return None;
        }
        register_font(NAME, FontStyle::Normal, bytes).ok()?;
        Some(font)
    }

    /// Whether it has all characters of a text.
    pub(crate) fn has(&self, text: &str) -> bool {
        text.chars()
            .all(|c| c == ' ' || self.face.glyph_id(c).0 != 0)
    }

    /// Says that names can't be drawn.
    pub(crate) fn regret(name: &str) {
        say(format_args!(
            "The font of cost.png lacks characters of {name}, so products are named by their codes there. \
             Install one that has them (on Debian fonts-wqy-microhei or fonts-noto-cjk), or give one with --font FILE."
        ));
    }
}

/// Where fonts are installed.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = [
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
        "C:\\Windows\\Fonts",
    ]
    .map(PathBuf::from)
    .into();
    if let Some(home) = env::home_dir() {
        let own = [".fonts", ".local/share/fonts", "Library/Fonts"];
        folders.extend(own.map(|folder| home.join(folder)));
    }
    folders
}

/// The font files of a folder and, so deep, of those in it, with their names in lower case.
fn list(folder: &Path, deep: u8, into: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && deep > 0 {
            list(&path, deep - 1, into);
        } else if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            let name = name.to_lowercase();
            if [".ttf", ".otf", ".ttc"]
                .iter()
                .any(|ending| name.ends_with(ending))
            {
                into.push((name, path));
            }
        }
    }
}
