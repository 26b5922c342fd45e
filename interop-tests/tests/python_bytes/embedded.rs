//! The embedded CPython: made to look at `.venv` and at nothing else.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wirecheck_interop_tests::prerequisite::{Missing, project_root};

/// What `make python` has not made yet.
pub fn missing() -> Option<Missing> {
    let stubs = generated().join("wirecheck/test/v1/scalars_pb2.py");
    [venv_python(), stubs]
        .into_iter()
        .find(|needed| !needed.exists())
        .map(|absent| Missing::new(format!("there is no {}", absent.display()), "make python"))
}

/// Starts Python and leads its imports into `.venv`, once per process.
///
/// # Errors
/// Says what is wrong if this is another Python than the one of `.venv`.
pub fn set_up() -> Result<(), String> {
    static READY: OnceLock<Result<(), String>> = OnceLock::new();
    let set_up_once = || {
        Python::attach(|py| {
            check_version()?;
            lead_imports(py).map_err(|error| format!("Python's imports cannot be led: {error}"))
        })
    };
    READY.get_or_init(set_up_once).clone()
}

/// The loader takes the first libpython of the right minor version, and the compiled
/// parts of `.venv` were made for its own: another one may work, or crash.
fn check_version() -> Result<(), String> {
    let venv = Command::new(venv_python())
        .args(["-c", "import sys; print(sys.version)"])
        .output()
        .map_err(|error| format!("the Python of .venv cannot be run: {error}"))?;
    let wanted = String::from_utf8_lossy(&venv.stdout);
    let embedded = Python::version_str();
    if embedded.trim() == wanted.trim() {
        return Ok(());
    }
    Err(format!(
        "the embedded Python is another one than that of .venv\n  embedded: {embedded}\n  .venv:    {}\n\
         build again with PYO3_PYTHON={}",
        wanted.trim(),
        venv_python().display()
    ))
}

/// As a virtual environment does it: the base installation gives the standard library,
/// and none of its packages.
fn lead_imports(py: Python<'_>) -> PyResult<()> {
    let names = PyDict::new(py);
    names.set_item("venv_packages", site_packages(py))?;
    names.set_item("generated", generated())?;
    py.run(
        cr#"
import site, sys
of_base = {*site.getsitepackages(), site.getusersitepackages()}
sys.path[:] = [path for path in sys.path if path not in of_base]
site.addsitedir(str(venv_packages))
sys.path.insert(0, str(generated))

import google.protobuf
found = google.protobuf.__file__
if not found.startswith(str(venv_packages)):
    raise ImportError(f"protobuf comes from {found}")
"#,
        Some(&names),
        None,
    )
}

/// The generated modules.
pub struct Stubs<'py> {
    /// `hello_pb2`
    pub hello: Bound<'py, PyModule>,
    /// `wirecheck.test.v1.scalars_pb2`
    pub scalars: Bound<'py, PyModule>,
}

impl<'py> Stubs<'py> {
    /// Imports them; cheap after the first time.
    pub fn import(py: Python<'py>) -> PyResult<Self> {
        Ok(Self {
            hello: py.import("hello_pb2")?,
            scalars: py.import("wirecheck.test.v1.scalars_pb2")?,
        })
    }

    /// `Everything.FromString(bytes)`
    pub fn parse_everything(&self, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let bytes = PyBytes::new(self.scalars.py(), bytes);
        self.scalars
            .getattr("Everything")?
            .call_method1("FromString", (bytes,))
    }
}

/// `message.SerializeToString(deterministic=True)`: the same bytes in every run.
pub fn serialize(message: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let options = PyDict::new(message.py());
    options.set_item("deterministic", true)?;
    message
        .call_method("SerializeToString", (), Some(&options))?
        .extract()
}

fn site_packages(py: Python<'_>) -> PathBuf {
    let version = py.version_info();
    let folder = format!(
        "lib/python{}.{}/site-packages",
        version.major, version.minor
    );
    project_root().join(".venv").join(folder)
}

fn venv_python() -> PathBuf {
    project_root().join(".venv/bin/python")
}

fn generated() -> PathBuf {
    project_root().join("python/generated")
}
