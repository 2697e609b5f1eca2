//! Accounts that need no account: the library's emulator on loopback, one a profile.

use std::{fmt::Write as _, fs, path::Path};

use tc3_async::{
    Credential,
    core::emulator::{Emulator, Scripted},
    serve::Server,
};
use tokio::task::JoinSet;

use crate::Result;

/// What to emulate.
#[derive(Clone, Debug)]
pub struct Emulation {
    /// How many accounts.
    pub accounts: u32,
    /// How many records each has, as the emulator counts them.
    pub records: u64,
    /// What goes wrong, by account: `NAME:FAULT@WHEN`.
    pub faults: Vec<String>,
}

/// Serves each account on a port of its own, with the service's frequency limits, and writes `accounts.toml` and
/// `credentials` to the folder. Runs until it is dropped.
///
/// # Errors
///
/// What the operating system says, and faults that are none.
pub async fn serve(emulation: &Emulation, folder: &Path, ready: impl FnOnce()) -> Result<()> {
    let (mut accounts, mut credentials) = (String::new(), String::new());
    let mut servers = JoinSet::new();
    let mut faults = Vec::new();
    for text in &emulation.faults {
        let wrong = || format!("--fault {text:?} must be written NAME:FAULT@WHEN");
        let (name, fault) = text.split_once(':').ok_or_else(wrong)?;
        let fault: Scripted = fault
            .parse()
            .map_err(|error| format!("{}: {error}", wrong()))?;
        faults.push((name, fault));
    }
    for number in 1..=emulation.accounts {
        let name = format!("account{number:03}");
        let (id, key) = (
            format!("AKIDEXAMPLE{number:03}"),
            format!("not-a-real-key-{number:03}"),
        );
        let mut emulator = Emulator::new(Credential::new(&*id, &*key)?)
            .with_records(emulation.records)
            .with_seed(number.into())
            .with_frequency_limits();
        for (_, fault) in faults.iter().filter(|(whose, _)| *whose == name) {
            emulator = emulator.with_fault(fault.when, fault.fault.clone());
        }
        let server = Server::bind("127.0.0.1:0", emulator).await?;
        let (address, app) = (server.local_addr(), Emulator::APP_ID);
        servers.spawn(server.run());
        write!(
            accounts,
            "[[account]]\nprofile = \"{name}\"\nendpoint = \"http://{address}\"\napp_id = \"{app}\"\n\n"
        )?;
        write!(
            credentials,
            "[{name}]\nsecret_id = {id}\nsecret_key = {key}\n\n"
        )?;
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("accounts.toml"), accounts)?;
    fs::write(folder.join("credentials"), credentials)?;
    ready();
    while servers.join_next().await.is_some() {}
    Ok(())
}
