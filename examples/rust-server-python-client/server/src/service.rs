//! The service, method by method.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use crate::basket::Basket;
use crate::proto::shop_server::Shop;
use crate::proto::{
    BasketTotal, GetItemRequest, Item, ListItemsRequest, Order, OrderLine, PlaceOrderRequest,
};
use crate::{catalogue, orders};

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The shop, which remembers only how many orders there were.
#[derive(Default)]
pub struct ShopService {
    orders: AtomicU64,
}

#[tonic::async_trait]
impl Shop for ShopService {
    async fn get_item(&self, request: Request<GetItemRequest>) -> Result<Response<Item>, Status> {
        let sku = request.into_inner().sku;
        let item = catalogue::find(&sku).ok_or_else(|| orders::no_item(&sku))?;
        Ok(Response::new(item))
    }

    async fn place_order(
        &self,
        request: Request<PlaceOrderRequest>,
    ) -> Result<Response<Order>, Status> {
        let number = self.orders.fetch_add(1, Ordering::Relaxed) + 1;
        let order = orders::place(request.into_inner(), number, SystemTime::now())?;
        Ok(Response::new(order))
    }

    type ListItemsStream = Replies<Item>;

    async fn list_items(
        &self,
        request: Request<ListItemsRequest>,
    ) -> Result<Response<Replies<Item>>, Status> {
        let items = catalogue::matching(&request.into_inner());
        let items = tokio_stream::iter(items).map(Ok);
        Ok(Response::new(Box::pin(items)))
    }

    type FillBasketStream = Replies<BasketTotal>;

    async fn fill_basket(
        &self,
        request: Request<Streaming<OrderLine>>,
    ) -> Result<Response<Replies<BasketTotal>>, Status> {
        let mut basket = Basket::default();
        // The first error ends the call: tonic sends its status and asks for no more.
        let totals = request.into_inner().map(move |line| basket.add(&line?));
        Ok(Response::new(Box::pin(totals)))
    }
}
