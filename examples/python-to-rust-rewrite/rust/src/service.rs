//! The service, method by method.

use std::pin::Pin;

use tokio_stream::{Stream, StreamExt as _};
use tonic::metadata::{Ascii, MetadataKey};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::draft::Draft;
use crate::planted::{Kind, Planted};
use crate::proto::orders_server::Orders;
use crate::proto::{
    CheckOrderRequest, Delivery, GetOrderRequest, LinePrice, ListOrdersRequest, Order, OrderLine,
    Receipt,
};
use crate::{prices, store};

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const LINES_PER_POINT: u32 = 10;

/// The orders, with what is planted in them.
pub struct OrdersService {
    orders: Vec<Order>,
    planted: Planted,
}

impl OrdersService {
    /// A service that differs from the old one in what is planted.
    pub fn new(planted: Planted) -> Self {
        let orders = store::orders();
        Self { orders, planted }
    }

    fn total_key(&self) -> MetadataKey<Ascii> {
        MetadataKey::from_static(match self.planted.has(Kind::MetadataKey) {
            true => "x-orders-total",
            false => "orders-total",
        })
    }

    fn no_order(&self, id: &str) -> Status {
        let code = match self.planted.has(Kind::StatusCode) {
            true => Code::Unknown,
            false => Code::NotFound,
        };
        Status::new(code, format!("there is no order \"{id}\""))
    }

    fn no_lines(&self) -> Status {
        let (code, message) = (Code::InvalidArgument, "this is no order");
        if self.planted.has(Kind::ErrorDetails) {
            return Status::new(code, message);
        }
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("lines", "an order needs a line");
        Status::with_error_details(code, message, details)
    }

    fn receipt(&self, lines: u32) -> Receipt {
        let is_letter = (lines == 1) != self.planted.has(Kind::EnumValue);
        let delivery = match is_letter {
            true => Delivery::Letter,
            false => Delivery::Parcel,
        };
        let end = match self.planted.has(Kind::TrailingWhitespace) {
            true => " ",
            false => "",
        };
        let points = lines / LINES_PER_POINT;
        Receipt {
            thanks: format!("Thank you for an order of {lines}{end}"),
            delivery: delivery.into(),
            points: (points > 0 || !self.planted.has(Kind::DefaultLeftOut)).then_some(points),
        }
    }
}

#[tonic::async_trait]
impl Orders for OrdersService {
    async fn get_order(
        &self,
        request: Request<GetOrderRequest>,
    ) -> Result<Response<Order>, Status> {
        let id = request.into_inner().id;
        let order = self.orders.iter().find(|order| order.id == id);
        let order = order.ok_or_else(|| self.no_order(&id))?;
        Ok(Response::new(order.clone()))
    }

    type ListOrdersStream = Replies<Order>;

    async fn list_orders(
        &self,
        request: Request<ListOrdersRequest>,
    ) -> Result<Response<Replies<Order>>, Status> {
        let limit = match request.into_inner().limit {
            0 => usize::MAX,
            limit => limit as usize,
        };
        let mut orders: Vec<Order> = self.orders.iter().take(limit).cloned().collect();
        if self.planted.has(Kind::StreamOrder) {
            orders.reverse();
        }
        let replies: Replies<Order> = Box::pin(tokio_stream::iter(orders).map(Ok));
        let mut response = Response::new(replies);
        let total = self.orders.len().into();
        response.metadata_mut().insert(self.total_key(), total);
        Ok(response)
    }

    async fn check_order(
        &self,
        request: Request<CheckOrderRequest>,
    ) -> Result<Response<Receipt>, Status> {
        match request.into_inner().lines.len() {
            0 => Err(self.no_lines()),
            lines => Ok(Response::new(self.receipt(lines as u32))),
        }
    }

    async fn save_draft(&self, request: Request<Draft>) -> Result<Response<Draft>, Status> {
        let draft = request.into_inner().revised();
        Ok(Response::new(
            match self.planted.has(Kind::UnknownFieldLost) {
                true => draft.without_unknown_fields(),
                false => draft,
            },
        ))
    }

    type PriceLinesStream = Replies<LinePrice>;

    async fn price_lines(
        &self,
        request: Request<Streaming<OrderLine>>,
    ) -> Result<Response<Replies<LinePrice>>, Status> {
        // The first error ends the call: tonic sends its status and asks for no more.
        let replies = request.into_inner().map(|line| price(line?));
        Ok(Response::new(Box::pin(replies)))
    }
}

fn price(line: OrderLine) -> Result<LinePrice, Status> {
    match line.quantity {
        0 => Err(Status::out_of_range("a line needs a quantity")),
        _ => Ok(LinePrice {
            minor_units: prices::of(&line),
            sku: line.sku,
        }),
    }
}
