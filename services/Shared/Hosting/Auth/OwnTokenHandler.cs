using System.Net.Http.Headers;

namespace Microservices.Hosting.Auth;

/// <summary>Makes calls in the process's own name, unless they carry the token of whom they are made for. Thread-safe.</summary>
internal sealed class OwnTokenHandler(OwnToken own, HttpMessageHandler connections) : DelegatingHandler(connections)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization ??= new AuthenticationHeaderValue("Bearer", await own.TokenAsync(cancellationToken));
        return await base.SendAsync(request, cancellationToken);
    }
}
