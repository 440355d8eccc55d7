namespace Microservices.Gateway.Rest;

/// <summary>
/// Answers HEAD wherever there is a GET (RFC 9110, 9.3.2): it is served as GET, and the server, which knows what the caller sent, sends the headers
/// alone. Before routing, so that no route has to say so.
/// </summary>
internal sealed class HeadRequests : IStartupFilter
{
    private static readonly object Key = new();

    /// <summary>Whether the caller wants the headers alone: an answer that does not end by itself must then not begin.</summary>
    public static bool IsHead(HttpContext http) => http.Items.ContainsKey(Key);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((http, rest) =>
        {
            if (HttpMethods.IsHead(http.Request.Method))
            {
                http.Items[Key] = Key;
                http.Request.Method = HttpMethods.Get;
            }

            return rest(http);
        });
        next(app);
    };
}
