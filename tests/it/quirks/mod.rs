//! What other products do, one test for each habit that asks something of us. The numbers are those of the project's list
//! of interoperability quirks, each with its source there; numbers that are missing here are held elsewhere: those of HTTP
//! in the tests of `transport`, those of retries, receipts that come later and of policies beside the code that has them.

mod certificates;
mod headers;
mod inbound;
mod mic;
mod mime;
mod partner;
mod receipts;
mod receiver;
mod structures;
