using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Persistence;

namespace Microservices.Webhooks;

/// <summary>Registers what manages endpoints.</summary>
internal static class EndpointsRegistration
{
    public static void AddEndpoints(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<WebhooksOptions, WebhooksOptionsValidator>(WebhooksOptions.Section);
        builder.Services.AddSingleton<Secrets>();
        builder.Services.AddSingleton<CreateEndpoint>();
        builder.Services.AddSingleton<ReadEndpoints>();
        builder.Services.AddSingleton<ChangeEndpoint>();
        builder.AddWarmUp<Rehearsal<WebhooksDbContext>>((rehearsal, stop) =>
            rehearsal.RunAsync<CreateEndpoint>(create => create.HandleAsync(CreateEndpoint.Rehearsed(), Rights.OfProcess, stop)));
    }
}
