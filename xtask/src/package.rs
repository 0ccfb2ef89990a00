//! `cargo xtask package`: what a host installs, made of one statically linked program.
//!
//! The same commit gives the same files with the same compiler and tools: every time stamp is that
//! of the commit, or of `SOURCE_DATE_EPOCH`, and no path of the machine gets into them.

mod deb;
mod parts;
mod rpm;
mod sbom;
mod tarball;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo::{self, Profile, cargo};
use crate::setup::{self, Need};
use crate::{exec, ui};
use parts::{Family, Tree};

/// Options of `cargo xtask package`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// For which processors (default: all)
    #[arg(long, value_enum, value_name = "ARCH")]
    arch: Vec<Arch>,
    /// Package the development build of this machine instead: quickly made, only good for tests
    #[arg(long, conflicts_with = "arch")]
    dev: bool,
    /// With export to an OpenTelemetry collector (`[otlp]` in the configuration)
    #[arg(long, conflicts_with = "dev")]
    otlp: bool,
    /// Call it this version
    #[arg(long, value_name = "VERSION")]
    as_version: Option<String>,
    /// Where to put it (default: `package` in the target folder)
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// A processor that packages are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    /// 64-bit Intel and AMD.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit Arm, as Graviton.
    #[value(name = "aarch64")]
    Aarch64,
}

impl Arch {
    const ALL: [Self; 2] = [Self::X86_64, Self::Aarch64];

    /// This machine's.
    fn here() -> Self {
        if env::consts::ARCH == "aarch64" {
            Self::Aarch64
        } else {
            Self::X86_64
        }
    }

    /// As the kernel, Rust and rpm call it.
    const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// As Debian calls it.
    const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The target that links statically, with musl: one program for every distribution. What is
    /// built with glibc asks for the glibc of the building machine, or a newer one.
    fn target(self) -> String {
        format!("{}-unknown-linux-musl", self.name())
    }
}

/// What all packages of a call have in common.
#[derive(Debug)]
struct Release {
    version: String,
    license: String,
    /// Seconds since 1970 of every time stamp.
    epoch: String,
    /// Where packages go.
    output: PathBuf,
    /// Where they are made.
    work: PathBuf,
}

impl Options {
    /// A development build of a version, for tests.
    pub(crate) fn for_tests(version: Option<&str>, output: PathBuf) -> Self {
        Self {
            arch: Vec::new(),
            dev: true,
            otlp: false,
            as_version: version.map(str::to_owned),
            output: Some(output),
        }
    }
}

/// Makes all packages.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build, Need::Package])?;
    ui::result(make(options)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes all packages, the list of what is in them, and the sums to check them by; tells where.
pub(crate) fn make(options: &Options) -> Result<PathBuf> {
    let release = Release::new(options)?;
    let manual = manual(&release)?;
    for (arch, program) in programs(options, &release)? {
        ui::step(format!("packages for {}", arch.name()));
        let tree = |family| Tree::lay_out(&release, arch, family, &program, &manual);
        deb::make(&release, arch, &tree(Family::Debian)?)?;
        rpm::make(&release, arch, &tree(Family::Fedora)?)?;
        tarball::make(&release, arch, &tree(Family::Any)?)?;
    }
    sbom::write(&release, options.otlp)?;
    sums(&release)?;
    fs::remove_dir_all(&release.work).context("cannot clear up")?;
    Ok(release.output)
}

impl Release {
    fn new(options: &Options) -> Result<Self> {
        let (version, license) = identity()?;
        let output = options.output.clone();
        let output = output.unwrap_or_else(|| cargo::target_folder().join("package"));
        fs::create_dir_all(&output).with_context(|| format!("cannot make {}", output.display()))?;
        let output = output.canonicalize()?;
        Ok(Self {
            version: options.as_version.clone().unwrap_or(version),
            license,
            epoch: epoch()?,
            work: output.join("work"),
            output,
        })
    }

    /// A folder of that name to make something in, empty.
    fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.work.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }
}

/// Version and licence of the agent, by cargo's word.
fn identity() -> Result<(String, String)> {
    let metadata = sbom::metadata(&["--no-deps"])?;
    let agent = metadata
        .pointer("/packages")
        .and_then(|packages| {
            packages
                .as_array()?
                .iter()
                .find(|p| p["name"] == "edgeghost")
        })
        .context("cargo metadata names no package edgeghost")?;
    let text = |key: &str| {
        let value = agent[key].as_str().map(str::to_owned);
        value.with_context(|| format!("the package has no {key}"))
    };
    Ok((text("version")?, text("license")?))
}

/// The time of the commit, unless somebody says otherwise
/// (<https://reproducible-builds.org/specs/source-date-epoch/>). Sources without a history, as from
/// an archive, are of 1980, the first year that every archive format has.
fn epoch() -> Result<String> {
    if let Ok(given) = env::var("SOURCE_DATE_EPOCH") {
        given
            .parse::<u64>()
            .context("SOURCE_DATE_EPOCH is no number of seconds")?;
        return Ok(given);
    }
    let mut git = std::process::Command::new("git");
    git.args(["log", "-1", "--pretty=%ct"])
        .current_dir(exec::workspace_root());
    let time = exec::capture(&mut git).unwrap_or_default();
    let time = time.trim();
    Ok(if time.is_empty() { "315532800" } else { time }.to_owned())
}

/// Manual pages, completions and the sample configuration, by the program's own word. Asked is the
/// one for this machine: that for another processor does not run here.
fn manual(release: &Release) -> Result<PathBuf> {
    let folder = release.empty_folder("manual")?;
    let agent = cargo::build_agent(Profile::default())?;
    let sample = exec::capture(std::process::Command::new(agent).args(["config", "--default"]))?;
    fs::write(folder.join("edgeghost.toml"), packaged(&sample)?)?;
    let mut command = cargo(["run", "--quiet", "--locked", "--package", "edgeghost"]);
    command.args(["--example", "manual", "--"]).arg(&folder);
    exec::run(&mut command)?;
    let pages: Vec<PathBuf> = fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "1"))
        .collect();
    // Without a name and a time in it, what is compressed is the same every time.
    exec::run(
        std::process::Command::new("gzip")
            .args(["-9", "-n"])
            .args(pages),
    )?;
    Ok(folder)
}

/// The sample as packages have it: events go to a file, which edgeghost itself puts aside.
fn packaged(sample: &str) -> Result<String> {
    let standard = "\nkind = \"stdout\"\n";
    if sample.matches(standard).count() != 1 {
        bail!("the sample configuration does not write events to standard output");
    }
    Ok(sample.replace(
        standard,
        "\nkind = \"file\"\npath = \"/var/log/edgeghost/events.ndjson\"\n",
    ))
}

/// The program for each processor, stripped.
fn programs(options: &Options, release: &Release) -> Result<Vec<(Arch, PathBuf)>> {
    if options.dev {
        let built = cargo::build_agent(Profile::default())?;
        let program = release.empty_folder("dev")?.join("edgeghost");
        let mut strip = std::process::Command::new("strip");
        exec::run(strip.arg("-o").arg(&program).arg(built))?;
        return Ok(vec![(Arch::here(), program)]);
    }
    let wanted = if options.arch.is_empty() {
        &Arch::ALL[..]
    } else {
        &options.arch
    };
    wanted
        .iter()
        .map(|arch| Ok((*arch, build(*arch, options.otlp)?)))
        .collect()
}

/// Builds the agent for a processor, this machine's or another. rust-lld and the C library that
/// rustup brings with the target are all that takes.
fn build(arch: Arch, otlp: bool) -> Result<PathBuf> {
    let target = arch.target();
    ui::step(format!("building the agent for {target}"));
    let mut rustup = std::process::Command::new("rustup");
    exec::run(
        rustup
            .args(["target", "add", &target])
            .current_dir(exec::workspace_root()),
    )
    .with_context(|| format!("rustup has no standard library for {target}"))?;
    let variable = target.to_uppercase().replace('-', "_");
    let mut command = cargo(["build", "--locked", "--release", "--package", "edgeghost"]);
    command
        .args(["--bin", "edgeghost", "--target", &target])
        .args(otlp.then_some(["--features", cargo::OTLP]).iter().flatten())
        .args(["--config", "profile.release.strip=\"symbols\""])
        .env(format!("CARGO_TARGET_{variable}_LINKER"), "rust-lld")
        // Paths of the building machine do not get into the program.
        .env(
            format!("CARGO_TARGET_{variable}_RUSTFLAGS"),
            remapped_paths(),
        );
    exec::run(&mut command)?;
    Ok(cargo::target_folder()
        .join(target)
        .join("release/edgeghost"))
}

/// Flags that name the same sources the same on every machine.
fn remapped_paths() -> String {
    let home = env::home_dir().unwrap_or_default();
    let cargo_home = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    format!(
        "--remap-path-prefix={}=/edgeghost --remap-path-prefix={}=/cargo",
        exec::workspace_root().display(),
        cargo_home.display()
    )
}

/// `SHA256SUMS` of all that was made, as sha256sum(1) checks it.
fn sums(release: &Release) -> Result<()> {
    let folder = &release.output;
    let mut names: Vec<String> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("edgeghost") && name.contains(&release.version))
        .collect();
    names.sort();
    let mut command = std::process::Command::new("sha256sum");
    let sums = exec::capture(command.args(names).current_dir(folder))?;
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_has_its_names() {
        assert_eq!(Arch::Aarch64.target(), "aarch64-unknown-linux-musl");
        assert_eq!(Arch::Aarch64.debian(), "arm64");
        assert_eq!(Arch::X86_64.debian(), "amd64");
        assert!(Arch::ALL.contains(&Arch::here()));
    }

    #[test]
    fn version_and_licence_are_those_of_the_agent() {
        let (version, license) = identity().unwrap();
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        assert!(license.contains("MIT"), "{license}");
    }
}
