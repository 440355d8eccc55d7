using System.Net.Sockets;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Rest;
using Microservices.Hosting;
using Microservices.Hosting.Errors;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>
/// The topics of all services, page by page: every replica of a service is asked for the same page, which is what one of them has and the readers of all. In the caller's name. A
/// singleton; thread-safe.
/// </summary>
internal sealed class SuiteTopics(SuiteReplicas suite, TimeProvider time)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 200;

    // One that is silent must not keep the others' answers back.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>A page of topics.</summary>
    /// <param name="http">The caller.</param>
    /// <param name="only">The service whose topics are wanted; null for all.</param>
    /// <param name="prefix">How the names begin; empty for all.</param>
    /// <param name="pageSize">How many at most; 0 for the default.</param>
    /// <param name="pageToken">Where the page begins; empty for the first one.</param>
    /// <exception cref="InvalidRequestException">A parameter is wrong.</exception>
    /// <exception cref="StatusException">There is no such service.</exception>
    /// <exception cref="RpcException">A service refuses the request.</exception>
    public async Task<TopicPage> ListAsync(HttpContext http, string? only, string prefix, int pageSize, string pageToken)
    {
        var services = suite.Services.Where(service => only is null || service == only).Order(StringComparer.Ordinal).ToList();
        if (services.Count == 0)
            throw new StatusException(GatewayErrors.Domain.NotFound("gateway.v1.Service", only!));
        if (pageSize < 0)
            throw new InvalidRequestException("pageSize", "must not be negative");
        var left = pageSize == 0 ? DefaultPageSize : Math.Min(pageSize, MaxPageSize);
        var list = $"topics {only} {prefix}";
        var (from, token) = Read(list, pageToken);
        var (topics, silent, next) = (new List<TopicStatus>(), new List<SilentReplica>(), "");
        foreach (var service in services.Where(service => string.CompareOrdinal(service, from) >= 0))
        {
            if (left == 0)
            {
                next = PageToken.Encode(list, $"{service} ");
                break;
            }

            var request = new ListTopicsRequest { Prefix = prefix, PageSize = left, PageToken = service == from ? token : "" };
            if (await AskAsync(http, service, request, silent) is not { } page)
                continue;
            topics.AddRange(page.Topics.Select(topic => topic.ToResource(service)));
            left -= page.Topics.Count;
            if (page.NextPageToken.Length > 0)
            {
                next = PageToken.Encode(list, $"{service} {page.NextPageToken}");
                break;
            }
        }

        return new() { Topics = topics, NextPageToken = Answers.Token(next), Silent = silent };
    }

    private static (string Service, string Token) Read(string list, string pageToken)
    {
        if (pageToken.Length == 0)
            return ("", "");
        return PageToken.TryDecode(list, pageToken, out var position) && position.Split(' ') is [var service, var token]
            ? (service, token)
            : throw new InvalidRequestException("pageToken", "is not the token that an earlier page of this list gave for the next");
    }

    /// <summary>The page of a service, with the readers of all its replicas; null when none of them has answered, or it has no topics.</summary>
    private async Task<ListTopicsResponse?> AskAsync(HttpContext http, string service, ListTopicsRequest request, List<SilentReplica> silent)
    {
        IReadOnlyList<SuiteReplica> replicas;
        try
        {
            replicas = await suite.FindAsync(service, http.RequestAborted);
        }
        catch (SocketException)
        {
            silent.Add(new() { Service = service });
            return null;
        }

        ListTopicsResponse? page = null;
        var answers = await Task.WhenAll(replicas.Select(replica => AskAsync(http, replica, request)));
        foreach (var (replica, answer) in replicas.Zip(answers))
        {
            if (answer is null)
                silent.Add(new() { Service = service, Replica = replica.Address.Authority });
            else if (page is null)
                page = answer;
            else
                AddReaders(page, answer);
        }

        return page;
    }

    private static void AddReaders(ListTopicsResponse page, ListTopicsResponse other)
    {
        var readers = other.Topics.ToDictionary(topic => topic.Topic_, topic => topic.Readers);
        foreach (var topic in page.Topics)
            topic.Readers += readers.GetValueOrDefault(topic.Topic_);
    }

    /// <summary>Null when it does not answer; without topics when it has none to tell of.</summary>
    private async Task<ListTopicsResponse?> AskAsync(HttpContext http, SuiteReplica replica, ListTopicsRequest request)
    {
        using var held = replica.Connect();
        var (options, soon) = (http.CallOptions(), time.GetUtcNow().UtcDateTime + Patience);
        try
        {
            return await new TopicsService.TopicsServiceClient(held.Channel).ListTopicsAsync(request, options.WithDeadline(options.Deadline < soon ? options.Deadline.Value : soon));
        }
        catch (RpcException none) when (none.StatusCode == StatusCode.Unimplemented)
        {
            return new();
        }
        catch (RpcException failed) when (!GatewayErrors.IsAboutTheRequest(failed.StatusCode) && !http.RequestAborted.IsCancellationRequested)
        {
            return null;
        }
    }
}
