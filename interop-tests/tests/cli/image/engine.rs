//! As much of a container engine as a test needs, on a Unix socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

/// What it does with requests.
#[derive(Clone, Copy)]
pub enum Manner {
    /// It accepts a connection, and says nothing.
    Silent,
    /// It answers, and has no image.
    WithoutImages,
    /// It has every image, and starts no container.
    RefusingToStart,
}

/// An engine that answers until the test's process ends.
pub struct Engine {
    asked: Arc<Mutex<Vec<String>>>,
}

impl Engine {
    pub fn start(socket: &Path, manner: Manner) -> Self {
        let listener = UnixListener::bind(socket).expect("a socket in a folder of its own");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                match manner {
                    Manner::Silent => kept.push(stream),
                    _ => drop(serve(stream, manner, &noted)),
                }
            }
        });
        Self { asked }
    }

    /// The request lines so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics with it").clone()
    }
}

/// One request of a connection, which is closed then.
fn serve(stream: UnixStream, manner: Manner, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? <= 2 {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    asked
        .lock()
        .expect("no test panics with it")
        .push(request.trim_end().to_owned());
    let (status, body) = answer(&request, manner);
    write!(
        &stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn answer(request: &str, manner: Manner) -> (&'static str, &'static str) {
    const ID: &str = r#"{"Id":"sha256:0123456789abcdef"}"#;
    let has = |part: &str| request.contains(part);
    match manner {
        _ if has("/_ping") => ("200 OK", "OK"),
        Manner::RefusingToStart if has("/images/") => ("200 OK", ID),
        Manner::RefusingToStart if has("/containers/create") => {
            ("201 Created", r#"{"Id":"c0ffee","Warnings":[]}"#)
        }
        Manner::RefusingToStart if has("/start") => {
            ("400 Bad Request", r#"{"message":"no such program inside"}"#)
        }
        Manner::RefusingToStart if request.starts_with("DELETE") => ("204 No Content", ""),
        _ => ("404 Not Found", r#"{"message":"No such image: shop:1"}"#),
    }
}
