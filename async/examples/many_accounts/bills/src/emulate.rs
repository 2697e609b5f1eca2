//! Accounts that need no account: the library's emulator on loopback, one a profile.

use std::{convert::Infallible, fmt::Write as _, fs, path::Path};

use tc3_async::{
    Credential,
    core::emulator::{Emulator, Scripted},
    serve::{Monitor, Server},
};
use tokio::task::JoinSet;

use crate::{Result, account::Account};

/// What to emulate.
#[derive(Clone, Debug)]
pub struct Emulation {
    /// How many accounts.
    pub accounts: u32,
    /// How many records each has, as the emulator counts them.
    pub records: u64,
    /// Requests a second of each list that the accounts' clients keep to, while the emulator accepts any number. `None`:
    /// the service's frequency limits, which the emulator enforces.
    pub rate: Option<u32>,
    /// What goes wrong, by account: `NAME:FAULT@WHEN`.
    pub faults: Vec<String>,
}

/// Emulated accounts, which are served until this is dropped.
#[derive(Debug)]
pub struct Emulated {
    /// The accounts, each with its key.
    pub accounts: Vec<(Account, Credential)>,
    monitors: Vec<Monitor>,
    /// Aborted when this is dropped.
    _servers: JoinSet<Infallible>,
}

/// The name of the account with this number, from 1.
fn profile(number: u32) -> String {
    format!("account{number:03}")
}

/// Serves each account on a port of its own on loopback.
///
/// # Errors
///
/// What the operating system says, and faults that are none.
pub async fn start(emulation: &Emulation) -> Result<Emulated> {
    let (mut accounts, mut monitors, mut servers) = (Vec::new(), Vec::new(), JoinSet::new());
    let mut faults = Vec::new();
    for text in &emulation.faults {
        let wrong = || format!("--fault {text:?} must be written NAME:FAULT@WHEN");
        let (name, fault) = text.split_once(':').ok_or_else(wrong)?;
        let fault: Scripted = fault
            .parse()
            .map_err(|error| format!("{}: {error}", wrong()))?;
        if !(1..=emulation.accounts).any(|number| name == profile(number)) {
            return Err(format!("{}: there is no account {name:?}", wrong()).into());
        }
        faults.push((name, fault));
    }
    for number in 1..=emulation.accounts {
        let name = profile(number);
        let id = format!("AKIDEXAMPLE{number:03}");
        let credential = Credential::new(id, format!("not-a-real-key-{number:03}"))?
            .with_token(format!("not-a-real-token-{number:03}"))?;
        let mut emulator = Emulator::new(credential.clone())
            .with_records(emulation.records)
            .with_seed(number.into());
        if emulation.rate.is_none() {
            emulator = emulator.with_frequency_limits();
        }
        for (_, fault) in faults.iter().filter(|(whose, _)| *whose == name) {
            emulator = emulator.with_fault(fault.when, fault.fault.clone());
        }
        let server = Server::bind("127.0.0.1:0", emulator).await?;
        let account = Account {
            name,
            endpoint: Some(format!("http://{}", server.local_addr())),
            app_id: Some(Emulator::APP_ID.to_owned()),
            rate: emulation.rate,
        };
        monitors.push(server.monitor());
        servers.spawn(server.run());
        accounts.push((account, credential));
    }
    Ok(Emulated {
        accounts,
        monitors,
        _servers: servers,
    })
}

impl Emulated {
    /// Writes `accounts.toml` and `credentials` to the folder, for other processes.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let (mut accounts, mut credentials) = (String::new(), String::new());
        for (account, credential) in &self.accounts {
            let Account {
                name,
                endpoint,
                app_id,
                rate,
            } = account;
            let (endpoint, app_id) = (endpoint.as_deref(), app_id.as_deref());
            let (endpoint, app_id) = (endpoint.unwrap_or_default(), app_id.unwrap_or_default());
            write!(
                accounts,
                "[[account]]\nprofile = \"{name}\"\nendpoint = \"{endpoint}\"\napp_id = \"{app_id}\"\n"
            )?;
            if let Some(rate) = rate {
                writeln!(accounts, "rate = {rate}")?;
            }
            accounts.push('\n');
            let (id, key) = (credential.secret_id(), credential.secret_key());
            let token = credential.token().unwrap_or_default();
            write!(
                credentials,
                "[{name}]\nsecret_id = {id}\nsecret_key = {key}\ntoken = {token}\n\n"
            )?;
        }
        fs::create_dir_all(folder)
            .map_err(|error| format!("the folder {}: {error}", folder.display()))?;
        fs::write(folder.join("accounts.toml"), accounts)?;
        fs::write(folder.join("credentials"), credentials)?;
        Ok(())
    }

    /// Writes `requests` to the folder, a line for each account and action: how many requests arrived, the most in any
    /// second, the rate that is allowed, and how many were refused as they were more than that.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn write_requests(&self, folder: &Path) -> Result<()> {
        let mut lines = String::from("account\taction\trequests\tmost\trate\trefused\n");
        for ((account, _), monitor) in self.accounts.iter().zip(&self.monitors) {
            for counted in monitor.frequencies() {
                let (name, action) = (&account.name, &counted.action);
                writeln!(
                    lines,
                    "{name}\t{action}\t{}\t{}\t{}\t{}",
                    counted.requests, counted.most, counted.rate, counted.refused
                )?;
            }
        }
        fs::write(folder.join("requests"), lines)?;
        Ok(())
    }
}
