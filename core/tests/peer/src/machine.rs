//! A machine of a test's own: a folder, and an environment for a test that is run again in it.

use std::{
    env, fs, iter,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

/// A folder of a test's own, which is removed with it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new one, empty.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("tc3-test-{}-{count}", process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file, and returns its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().into()
    }

    /// Removes a folder in it.
    pub fn remove(&self, name: &str) {
        fs::remove_dir_all(self.0.join(name)).unwrap();
    }

    /// Its path.
    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is in the system's own folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a test again, with an environment of its own.
pub fn again(test: &str, environment: &[(&str, &str)]) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env_clear().env("TC3_TEST_CHILD", "1");
    // What a program needs to run at all.
    for name in ["PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"] {
        command.envs(iter::once(name).filter_map(|name| Some((name, env::var_os(name)?))));
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

/// Whether this is a test that is run again.
pub fn is_child() -> bool {
    env::var_os("TC3_TEST_CHILD").is_some()
}

/// Homes in which there is nothing to be read, each for another reason.
pub fn useless_homes(folder: &Folder) -> Vec<String> {
    let path = folder.path();
    let file = folder.write("a-file", "");
    let below = [
        ".tencentcloud/credentials",
        ".tccli/default.credential",
        ".tccli/default.configure",
    ];
    for below in below {
        fs::create_dir_all(format!("{path}/folders/{below}")).unwrap();
    }
    let mut homes = vec![
        String::new(),
        format!("{path}/missing"),
        format!("{file}/below"),
        file,
        format!("{path}/folders"),
        format!("{path}/{}", "long".repeat(200)),
        relative(&folder.write("theirs/.tencentcloud/credentials", "broken")),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};

        for below in below {
            let link = folder.write(&format!("loops/{below}"), "");
            fs::remove_file(&link).unwrap();
            symlink(&link, &link).unwrap();
            let denied = folder.write(&format!("denied/{below}"), "");
            fs::set_permissions(&denied, fs::Permissions::from_mode(0o000)).unwrap();
        }
        symlink(format!("{path}/loop"), format!("{path}/loop")).unwrap();
        homes.extend(["/dev/null".into(), format!("{path}/loop")]);
        homes.push(format!("{path}/loops"));
        // Nothing is denied to root.
        if fs::read(format!("{path}/denied/{}", below[0])).is_err() {
            homes.push(format!("{path}/denied"));
        }
    }
    homes
}

/// The home that this file is in, as a path from where tests run.
fn relative(file: &str) -> String {
    let depth = env::current_dir().unwrap().components().count();
    let home = Path::new(file).ancestors().nth(2).unwrap();
    let up = "../".repeat(depth.saturating_sub(1));
    format!("{up}{}", home.display().to_string().trim_start_matches('/'))
}
