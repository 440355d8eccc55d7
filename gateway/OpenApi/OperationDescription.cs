using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Limits;
using Microservices.Gateway.Rest;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace Microservices.Gateway.OpenApi;

/// <summary>The schemas of parameters.</summary>
internal static class JsonSchemas
{
    public static OpenApiSchema Text { get; } = new() { Type = JsonSchemaType.String };

    public static OpenApiSchema Number { get; } = new() { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0" };

    public static OpenApiSchema Offset { get; } = new() { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "1" };

    public static OpenApiSchema Flag { get; } = new() { Type = JsonSchemaType.Boolean };

    public static OpenApiSchema OneOf(params string[] names) => new() { Type = JsonSchemaType.String, Enum = [.. names.Select(name => JsonValue.Create(name))] };
}

/// <summary>Describes a route where it is mapped: what it does, takes and answers, each with an example.</summary>
internal static class OperationDescription
{
    private const string Json = "application/json";
    private const string ProblemJson = "application/problem+json";

    // Any operation that asks a service may answer with these.
    private static readonly int[] Failures = [401, 403, 429, 500, 502, 503, 504];

    /// <summary>Names the operation; every one takes Request-Timeout.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder route, string id, string tag, string summary, string description) => route
        .WithName(id).WithTags(tag).WithSummary(summary).WithDescription(description)
        .Header(RequestValues.RequestTimeout, "How many seconds the answer may take: 10 when absent, at most 60.", "1.5");

    public static RouteHandlerBuilder UserId(this RouteHandlerBuilder route) => route.Path("userId", "The user's id.", "ada");

    public static RouteHandlerBuilder OrderId(this RouteHandlerBuilder route) => route.Path("orderId", "The order's id.", Examples.Order.OrderId);

    public static RouteHandlerBuilder SessionId(this RouteHandlerBuilder route) => route.Path("sessionId", "The session's id.", Examples.SessionUser.SessionId!);

    public static RouteHandlerBuilder EndpointId(this RouteHandlerBuilder route) => route.Path("endpointId", "The endpoint's id.", WebhookExamples.Endpoint.EndpointId);

    public static RouteHandlerBuilder SourceId(this RouteHandlerBuilder route) => route.Path("sourceId", "The source's id.", WebhookSourceExamples.Source.SourceId);

    public static RouteHandlerBuilder ReceivedId(this RouteHandlerBuilder route) => route.Path("receivedId", "The message's id.", WebhookSourceExamples.Received.ReceivedId);

    public static RouteHandlerBuilder DeliveryId(this RouteHandlerBuilder route) => route.Path("deliveryId", "The delivery's id.", WebhookExamples.Delivery.DeliveryId);

    public static RouteHandlerBuilder JobId(this RouteHandlerBuilder route) => route.Path("jobId", "The job's id.", JobExamples.Waiting.JobId);

    public static RouteHandlerBuilder ScheduleId(this RouteHandlerBuilder route) => route.Path("scheduleId", "The schedule's id.", ScheduleExamples.Schedule.ScheduleId);

    public static RouteHandlerBuilder FlowId(this RouteHandlerBuilder route) => route.Path("flowId", "The flow's id.", FlowExamples.Waiting.FlowId);

    public static RouteHandlerBuilder OpenStream(this RouteHandlerBuilder route) => route
        .Path("service", "The service that serves it.", Examples.StreamStatus.Service)
        .Path("replica", "The address of the replica that has it.", Examples.StreamStatus.Replica)
        .Path("streamId", "The stream's id.", Examples.StreamStatus.StreamId);

    public static RouteHandlerBuilder Topic(this RouteHandlerBuilder route) => route
        .Path("service", "The service whose topic it is.", Examples.TopicStatus.Service)
        .Path("path", "The topic, as its name is, and `/events`.", $"{Examples.TopicStatus.Topic}/events");

    public static RouteHandlerBuilder Page(this RouteHandlerBuilder route) => route
        .Query("pageSize", JsonSchemas.Number, "How many at most: 50 when absent or 0; more than 500 counts as 500.", "50")
        .Query("pageToken", JsonSchemas.Text, "The `nextPageToken` of the page before; absent for the first page.", "Rk9vYmFyYmF6YWRh");

    public static RouteHandlerBuilder Query(this RouteHandlerBuilder route, string name, OpenApiSchema schema, string description, string example) =>
        route.Parameter(ParameterLocation.Query, name, schema, description, example);

    public static RouteHandlerBuilder Header(this RouteHandlerBuilder route, string name, string description, string example) =>
        route.Parameter(ParameterLocation.Header, name, JsonSchemas.Text, description, example);

    public static RouteHandlerBuilder Body<T>(this RouteHandlerBuilder route, T example, bool required = true)
        where T : class =>
        route.Accepts<T>(isOptional: !required, Json).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.RequestBody!.Content![Json].Example = ToNode(example);
            return Task.CompletedTask;
        });

    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder route, int status, string description, T example)
        where T : class =>
        route.Answers(status, description, ("example", example));

    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder route, int status, string description, params (string Name, T Value)[] examples)
        where T : class =>
        route.Produces<T>(status, Json).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            var response = operation.Responses![status.ToString(CultureInfo.InvariantCulture)];
            response.Description = description;
            response.Content![Json].Examples = examples.ToDictionary(
                example => example.Name, IOpenApiExample (example) => new OpenApiExample { Summary = example.Name, Value = ToNode(example.Value) });
            return Task.CompletedTask;
        });

    /// <summary>An answer without content.</summary>
    public static RouteHandlerBuilder AnswersNothing(this RouteHandlerBuilder route, int status, string description) =>
        route.Produces(status).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Responses![status.ToString(CultureInfo.InvariantCulture)].Description = description;
            return Task.CompletedTask;
        });

    /// <summary>An answer that is text of its own kind, not JSON.</summary>
    public static RouteHandlerBuilder AnswersText(this RouteHandlerBuilder route, string mediaType, string description, string example) =>
        route.Produces<string>(StatusCodes.Status200OK, mediaType).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            var response = operation.Responses!["200"];
            response.Description = description;
            response.Content![mediaType].Example = JsonValue.Create(example);
            return Task.CompletedTask;
        });

    /// <summary>The headers that answers to a write have.</summary>
    public static RouteHandlerBuilder AnswersWrite(this RouteHandlerBuilder route, int status) => route.AnswersHeader(
        status, RequestValues.Position, JsonSchemas.Text, "Send it with the next read through another gateway, and the answer shows this write.", "orders=00c5f1c0a1b2c3d4");

    /// <summary>That the answer to a command may be a replay.</summary>
    public static RouteHandlerBuilder AnswersReplay(this RouteHandlerBuilder route, int status) => route.AnswersHeader(
        status, RequestValues.IdempotencyReplayed, JsonSchemas.Flag, "`true`: an earlier request with the same Idempotency-Key did it. Absent otherwise.", "true");

    /// <summary>A header of the answer with this status.</summary>
    public static RouteHandlerBuilder AnswersHeader(this RouteHandlerBuilder route, int status, string name, OpenApiSchema schema, string description, string example) =>
        route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            if (operation.Responses![status.ToString(CultureInfo.InvariantCulture)] is OpenApiResponse response)
                Add(response, name, schema, description, example);
            return Task.CompletedTask;
        });

    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses.Concat(Failures))
            route.Produces<Problem>(status, ProblemJson);
        return route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            foreach (var status in statuses.Concat(Failures))
            {
                var response = operation.Responses![status.ToString(CultureInfo.InvariantCulture)];
                response.Description = string.Join("; ", ProblemTypes.All.Where(type => type.HttpStatus == status && type != ProblemTypes.AnswerTooLarge).Select(type => type.Title));
                response.Content![ProblemJson].Example = ToNode(Examples.Problem(status));
                if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable && response is OpenApiResponse open)
                    Add(open, HeaderNames.RetryAfter, JsonSchemas.Number, "How many seconds to wait before trying again.", "1");
                if (status == StatusCodes.Status429TooManyRequests && response is OpenApiResponse limited)
                {
                    Add(limited, RateLimitHeaders.Policy, JsonSchemas.Text, "The limit: `q` requests in `w` seconds. Absent where a service behind the gateway has refused.", "\"user\";q=2000;w=10");
                    Add(limited, RateLimitHeaders.Limit, JsonSchemas.Text, "What is left of it: `r` requests; all of them again in `t` seconds. Successful answers have both headers once more than half is used.", "\"user\";r=0;t=10");
                }
            }

            return Task.CompletedTask;
        });
    }

    private static RouteHandlerBuilder Path(this RouteHandlerBuilder route, string name, string description, string example) =>
        route.Parameter(ParameterLocation.Path, name, JsonSchemas.Text, description, example);

    private static RouteHandlerBuilder Parameter(
        this RouteHandlerBuilder route, ParameterLocation where, string name, OpenApiSchema schema, string description, string example) =>
        route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters ??= [];
            // The path's are there already, by their names only.
            foreach (var bare in operation.Parameters.Where(parameter => parameter.Name == name).ToArray())
                operation.Parameters.Remove(bare);
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = where,
                Required = where == ParameterLocation.Path,
                Schema = schema,
                Description = description,
                Example = schema.Type == JsonSchemaType.String ? JsonValue.Create(example) : JsonNode.Parse(example),
            });
            return Task.CompletedTask;
        });

    private static void Add(OpenApiResponse response, string name, OpenApiSchema schema, string description, string example) =>
        (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] =
            new OpenApiHeader { Schema = schema, Description = description, Example = schema.Type == JsonSchemaType.String ? JsonValue.Create(example) : JsonNode.Parse(example) };

    private static JsonNode? ToNode<T>(T value) => JsonSerializer.SerializeToNode(value, GatewayJson.Default.GetTypeInfo(typeof(T))!);
}
