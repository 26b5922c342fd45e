//! A line between the harness and an honest server, which damages what the
//! server sends, frame by frame of HTTP/2 (RFC 9113, section 4.1).

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// How the line is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The lowest bit of the last byte of each DATA frame is flipped.
    LastByte,
    /// A response ends without trailers: an empty DATA frame stands in their place.
    NoTrailers,
}

const HEADER: usize = 9;
const DATA: u8 = 0x00;
const HEADERS: u8 = 0x01;
const END_STREAM: u8 = 0x01;

/// Opens a line to the server at this address, and says where it begins.
pub fn open(server: &str, damage: Damage) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let server = server.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = server.clone();
            thread::spawn(move || serve(client, &server, damage));
        }
    });
    Ok(address)
}

fn serve(client: TcpStream, server: &str, damage: Damage) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    let (mut requests, mut onward) = (client.try_clone()?, server.try_clone()?);
    let there = thread::spawn(move || {
        let copied = io::copy(&mut requests, &mut onward);
        let _ = onward.shutdown(Shutdown::Write);
        copied
    });
    // A connection that was cut is an end like any other.
    let _ = damaged(&server, &client, damage);
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    let _ = there.join();
    Ok(())
}

fn damaged(mut from: &TcpStream, mut to: &TcpStream, damage: Damage) -> io::Result<()> {
    loop {
        let frame = read_frame(&mut from)?;
        to.write_all(&apply(damage, frame))?;
    }
}

/// Reads one frame, its header included.
fn read_frame(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; HEADER];
    from.read_exact(&mut frame)?;
    let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
    frame.resize(HEADER + length as usize, 0);
    from.read_exact(&mut frame[HEADER..])?;
    Ok(frame)
}

fn apply(damage: Damage, mut frame: Vec<u8>) -> Vec<u8> {
    let (kind, flags) = (frame[3], frame[4]);
    match damage {
        Damage::LastByte if kind == DATA && frame.len() > HEADER => {
            if let Some(last) = frame.last_mut() {
                *last ^= 1;
            }
        }
        Damage::NoTrailers if kind == HEADERS && flags & END_STREAM != 0 => {
            frame.truncate(HEADER);
            frame[..5].copy_from_slice(&[0, 0, 0, DATA, END_STREAM]);
        }
        _ => {}
    }
    frame
}
