use std::{env, fmt, net::SocketAddr, path::Path};

use tc3_core::{
    Action, Chain, Credential, Region, Settings,
    credential::Source,
    emulator::{Account, Emulator, Scripted},
    session::{Endpoint, Language},
};

use crate::{PaceArguments, Result, say, serve::serve};

/// The id of the fake key pair that the emulator knows unless told otherwise.
pub const EXAMPLE_SECRET_ID: &str = "AKIDEXAMPLE";
/// The key of the fake key pair that the emulator knows unless told otherwise.
pub const EXAMPLE_SECRET_KEY: &str = "not-a-real-key";

/// What `--fault` takes.
pub const FAULT_HELP: &str = "\
A fault of the emulator, FAULT@WHEN; may be repeated

FAULT is one of
  throttle, throttle=SECONDS      a refusal for too many requests, with Retry-After
  refuse=CODE                     a refusal with that error code
  status=STATUS, status=STATUS:SECONDS
                                  a gateway's page, with Retry-After
  cut                             the second half of the body is missing
  not-reached, lost               no answer, without and with effect
  slow=MILLISECONDS               the answer takes that long
  ignore-offset                   the page is the first one
  total=+N, total=-N              the reported total is off by N
  sums=+N, sums=-N                each reported sum is off by N fen
  head=N, tail=N                  N more records from then on, at the list's head or tail
  not-ready                       the summary of a bill is not computed yet
  clock=SECONDS                   the service's clock is off from then on

WHEN counts requests from 1: N, N.. (from the N-th on), N..M (both included), /K (every K-th);
or is a share of all requests, drawn by the seed: P%, e.g. 10% or 1.25%";

/// Which service to ask, and as whom.
// Texts, since clap would print a wrong one, which may hold a password or control characters.
#[derive(Clone, clap::Args)]
pub struct ServiceArguments {
    /// Where to send requests: https://host[:port], or http:// to loopback [default: the public service]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The key pair's id; without a key pair, the emulator is started in this process
    #[arg(
        long,
        value_name = "ID",
        env = "TENCENTCLOUD_SECRET_ID",
        hide_env_values = true
    )]
    secret_id: Option<String>,
    /// The key pair's key
    #[arg(
        long,
        value_name = "KEY",
        env = "TENCENTCLOUD_SECRET_KEY",
        hide_env_values = true
    )]
    secret_key: Option<String>,
    /// The token of a temporary key pair
    #[arg(long, env = "TENCENTCLOUD_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The region that requests name, e.g. ap-guangzhou
    #[arg(long)]
    region: Option<String>,
    /// The language of the service's error messages: zh-CN or en-US
    #[arg(long)]
    language: Option<String>,
    /// Number of records of the emulator in this process
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    records: u64,
    /// A fault of the emulator in this process, e.g. throttle@5; may be repeated
    #[arg(long = "fault", value_name = "SPEC", long_help = FAULT_HELP)]
    faults: Vec<Scripted>,
}

/// A service to ask, and as whom.
#[derive(Clone, Debug)]
pub struct Service {
    /// The credentials of requests.
    pub credential: Chain,
    /// Where they are sent.
    pub endpoint: Endpoint,
    /// The region that requests name.
    pub region: Option<Region>,
    /// The language of error messages.
    pub language: Option<Language>,
    /// How many records it has, when it is the emulator in this process.
    pub emulated: Option<u64>,
}

impl Service {
    /// The settings for requests to this service, at this pace.
    pub fn settings<A: Action>(&self, pace: &PaceArguments<A>) -> Settings {
        self.settings_at::<A>(pace.rate)
    }

    /// The settings for requests to this service, so many a second.
    pub fn settings_at<A: Action>(&self, rate: u32) -> Settings {
        Settings::default()
            .with_endpoint(self.endpoint.clone())
            .with_region(self.region.clone())
            .with_language(self.language.clone())
            .with_rate_of::<A>(rate)
    }
}

impl ServiceArguments {
    /// The service that the arguments name, or the emulator, started in this process, when they name
    /// neither an endpoint nor a key pair.
    pub fn connect(self) -> Result<Service> {
        let real = self.endpoint.is_some() || self.secret_id.is_some() || self.secret_key.is_some();
        if !real {
            let example = Credential::new(EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY)?;
            let emulator = Emulator::new(example.clone()).with_records(self.records);
            return self.emulate(emulator, example);
        }
        let credential = match (&self.secret_id, &self.secret_key) {
            (Some(id), Some(key)) => {
                let mut credential = Credential::new(id, key)?;
                if let Some(token) = self.token.as_ref().filter(|token| !token.is_empty()) {
                    credential = credential.with_token(token)?;
                }
                credential
            }
            (None, _) => return Err("--secret-id (or TENCENTCLOUD_SECRET_ID) is missing".into()),
            (_, None) => return Err("--secret-key (or TENCENTCLOUD_SECRET_KEY) is missing".into()),
        };
        self.ask(credential)
    }

    /// The service for each of these profiles of the credentials file, whatever key pair is given. When there is
    /// neither such a file nor an endpoint nor a key pair: the emulator, started in this process, which has
    /// an account for each name, with a ledger that depends on the name.
    pub fn connect_each(self, profiles: &[String]) -> Result<Vec<Service>> {
        let real = self.endpoint.is_some() || self.secret_id.is_some() || self.secret_key.is_some();
        if real || has_credentials_file() {
            let service = self.ask(Chain::default())?;
            let profile = |name| asked_by(&service, Source::named_profile(name).into());
            return Ok(profiles.iter().map(profile).collect());
        }
        let nobody = Credential::new(EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY)?;
        let mut emulator = Emulator::new(nobody.clone());
        let mut credentials = Vec::new();
        for (name, number) in profiles.iter().zip(1..) {
            let id = format!("{EXAMPLE_SECRET_ID}{number}");
            let credential = Credential::new(id, EXAMPLE_SECRET_KEY)?;
            let account = Account::new(credential.clone()).with_records(self.records);
            emulator = emulator.with_account(account.with_seed(seed_of(name)));
            credentials.push(credential);
        }
        let service = self.emulate(emulator, nobody)?;
        let account = |credential: Credential| asked_by(&service, credential.into());
        Ok(credentials.into_iter().map(account).collect())
    }

    /// The public service, or the one at the endpoint.
    fn ask(self, credential: impl Into<Chain>) -> Result<Service> {
        if !self.faults.is_empty() {
            let rule = "--fault is for the emulator in this process";
            return Err(
                format!("{rule}: not with an endpoint, a key pair or a credentials file").into(),
            );
        }
        let endpoint: Option<Endpoint> = self.endpoint.map(|url| url.parse()).transpose()?;
        Ok(Service {
            credential: credential.into(),
            endpoint: endpoint.unwrap_or_default(),
            region: self.region.map(Region::new).transpose()?,
            language: self.language.map(Language::new).transpose()?,
            emulated: None,
        })
    }

    /// The emulator, started in this process.
    fn emulate(self, emulator: Emulator, credential: Credential) -> Result<Service> {
        let region = self.region.map(Region::new).transpose()?;
        let language = self.language.map(Language::new).transpose()?;
        let address = serve(with_faults(emulator, self.faults))?;
        report(address);
        Ok(Service {
            credential: credential.into(),
            endpoint: format!("http://{address}").parse()?,
            region,
            language,
            emulated: Some(self.records),
        })
    }
}

fn asked_by(service: &Service, credential: Chain) -> Service {
    Service {
        credential,
        ..service.clone()
    }
}

/// Whether there is a file that the library reads profiles of.
fn has_credentials_file() -> bool {
    let named = env::var_os("TENCENTCLOUD_CREDENTIALS_FILE");
    let home = env::home_dir().unwrap_or_default();
    named.is_some_and(|file| !file.is_empty())
        || home.join(".tencentcloud/credentials").exists()
        || Path::new("/etc/tencentcloud/credentials").exists()
}

/// The seed of a named account's ledger: the same in each run.
fn seed_of(name: &str) -> u64 {
    let bytes = name.bytes();
    bytes.fold(1, |seed: u64, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    })
}

/// The emulator with these faults in its script.
pub fn with_faults(emulator: Emulator, faults: impl IntoIterator<Item = Scripted>) -> Emulator {
    let faults = faults.into_iter();
    faults.fold(emulator, |emulator, scripted| {
        emulator.with_fault(scripted.when, scripted.fault)
    })
}

fn report(address: SocketAddr) {
    let report = "No key pair is given: asking the emulator in this process";
    say(format_args!("{report}, at http://{address}."));
}

impl fmt::Debug for ServiceArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceArguments(…)")
    }
}
