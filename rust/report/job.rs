//! Jobs for CI services, as YAML: install, run, keep what came of it.

/// What a job does.
#[derive(Debug, Clone)]
pub struct Job {
    /// What `wirecheck run` gets.
    pub run: Vec<String>,
    /// The folder of the runs, as the run is told or by default.
    pub runs: String,
    /// The version to install.
    pub version: String,
    /// Where its source is.
    pub repository: String,
    /// What installs the peers that take part, besides the program itself.
    pub peers: Vec<String>,
}

impl Job {
    /// Where the folder of the runs is, as a string of YAML.
    fn below_runs(&self, part: &str) -> String {
        serde_json::Value::from(format!("{}/{part}", self.runs)).to_string()
    }

    fn install(&self) -> String {
        format!(
            "cargo install --locked --git {} --tag v{} wirecheck",
            self.repository, self.version
        )
    }

    /// The steps of a workflow that install peers; nothing is done when the
    /// cache has them.
    fn peer_steps(&self) -> String {
        let step =
            |command: &String| format!("      - name: Install its peers\n        run: {command}\n");
        self.peers.iter().map(step).collect()
    }

    /// The lines of a job that install peers.
    fn peer_lines(&self) -> String {
        let line = |command: &String| {
            format!(
                "    - apt-get update -qq && apt-get install -y -qq --no-install-recommends \
                 python3-venv\n    - {command}\n"
            )
        };
        self.peers.iter().map(line).collect()
    }

    /// A command of the shell, in a block that is indented so far. Nothing that
    /// was typed is read by the shell as anything else.
    fn command(&self, indent: usize, before: &[&str]) -> String {
        let mut argv = vec!["wirecheck", "run"];
        argv.extend(before);
        argv.extend(self.run.iter().map(String::as_str));
        let line = shlex::try_join(argv).expect("no argument of a process holds a zero byte");
        line.replace('\n', &format!("\n{}", " ".repeat(indent)))
    }
}

/// A workflow of GitHub Actions. Annotations and the summary come by
/// themselves there.
pub fn github(job: &Job) -> String {
    format!(
        "\
# Proves on every change that clients and servers understand each other.
# Written by `wirecheck ci github`; it is yours to change.
name: interop

on:
  push:
    branches: [main]
  pull_request:

permissions:
  contents: read

jobs:
  interop:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - name: Look for an installed Wirecheck
        id: installed
        uses: actions/cache@5a3ec84eff668545956fd18022155c47e93e2684 # v4.2.3
        with:
          path: |
            ~/.cargo/bin/wirecheck
            ~/.cache/wirecheck
          key: wirecheck-{version}-${{{{ runner.os }}}}-${{{{ runner.arch }}}}
      - name: Install Wirecheck
        if: ${{{{ steps.installed.outputs.cache-hit != 'true' }}}}
        run: {install}
{peers}      - name: Run every client against every server
        run: |
          {command}
      - name: Keep the run
        if: ${{{{ !cancelled() }}}}
        uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2
        with:
          name: wirecheck-run
          path: {latest}
          # The folder's name begins with a dot.
          include-hidden-files: true
          if-no-files-found: ignore
          retention-days: 14
",
        version = job.version,
        install = job.install(),
        peers = job.peer_steps(),
        command = job.command(10, &[]),
        latest = job.below_runs("latest/"),
    )
}

/// A job of GitLab CI/CD, to be included or pasted. GitLab shows the JUnit
/// report beside the merge request.
pub fn gitlab(job: &Job) -> String {
    let junit = format!("{}/junit.xml", job.runs);
    format!(
        "\
# Proves on every change that clients and servers understand each other.
# Written by `wirecheck ci gitlab`; it is yours to change.
interop:
  stage: test
  image: rust:1
  timeout: 30 minutes
  variables:
    CARGO_INSTALL_ROOT: $CI_PROJECT_DIR/.wirecheck/tools
    WIRECHECK_CACHE: $CI_PROJECT_DIR/.wirecheck/cache
  cache:
    key: wirecheck-{version}
    paths:
      - .wirecheck/tools/
      - .wirecheck/cache/
  before_script:
    # What the cache has is not made again.
    - {install}
    - export PATH=\"$CARGO_INSTALL_ROOT/bin:$PATH\"
{peers}  script:
    - |
      {command}
  artifacts:
    when: always
    expire_in: 2 weeks
    paths:
      - {runs}
    reports:
      junit: {report}
",
        version = job.version,
        install = job.install(),
        peers = job.peer_lines(),
        command = job.command(6, &["--report", &format!("junit={junit}")]),
        runs = job.below_runs(""),
        report = job.below_runs("junit.xml"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(run: &[&str]) -> Job {
        Job {
            run: run.iter().map(|word| (*word).to_owned()).collect(),
            runs: ".wirecheck/runs".into(),
            version: "0.1.0".into(),
            repository: "https://github.com/wirecheck/wirecheck".into(),
            peers: vec!["wirecheck peers install python".into()],
        }
    }

    #[test]
    fn a_workflow_of_github() {
        insta::assert_snapshot!(github(&job(&[])));
    }

    #[test]
    fn a_job_of_gitlab() {
        insta::assert_snapshot!(gitlab(&job(&["--peer", "mine=python 'my peer.py'"])));
    }
}
