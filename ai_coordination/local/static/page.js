// A link may bring a query along: /graphql?query=…&variables=…&operationName=…
async function start() {
  const asked = new URLSearchParams(location.search);
  const first = await (await fetch("/graphiql/first.graphql")).text();
  const explorer = React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultQuery: first,
    query: asked.get("query") ?? undefined,
    variables: asked.get("variables") ?? undefined,
    operationName: asked.get("operationName") ?? undefined,
  });
  ReactDOM.createRoot(document.getElementById("explorer")).render(explorer);
}

start();
